import { DEFAULT_THRESHOLDS, type PolicyThresholds, type Rule } from '../alerts/rules';
import { invalid, membersOf, missing, oneOf, text, wholeNumber, yesOrNo } from '../request-body';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
/** `HH:MM`, London time; `24:00` is the end of the day. A closing time before the opening time is on the next day. */
type Hours = [opens: string, closes: string];

/** How an organisation checks its alerts: the standard operating procedure, as numbers. */
export interface Policy {
  /** Share of alerts that are checked, 1 to 100. */
  samplePercent: number;
  rhythm: 'daily' | 'weekly' | 'monthly';
  selection: 'every-nth' | 'random';
  /** E.g. consent forms, the viewer's note, rota, patient medication record. */
  checkedAgainst: string[];
  /** For people to read: what is escalated goes to the Caldicott Guardian (R5105), whoever is named here. */
  escalatesTo: string;
  /** An alert that is new for so many days goes to the guardian. */
  escalateAfterDays: number;
  /** Null on a day that is closed. */
  openingHours: Record<(typeof WEEKDAYS)[number], Hours | null>;
  thresholds: PolicyThresholds;
  namesWithheldInSubjectAccess: boolean;
  /** Where they are: what the person is told. */
  namesWithheldReason?: string;
}

const ROUND_THE_CLOCK: Hours = ['00:00', '24:00'];

/**
 * What holds until an organisation writes its own: the shares of the national guidance, and doors that are always open, so that
 * nobody's night shift raises alerts before the organisation has said when it closes.
 */
export const DEFAULT_POLICY: Policy = {
  samplePercent: 50,
  rhythm: 'weekly',
  selection: 'every-nth',
  checkedAgainst: ['Consent forms', 'The viewer’s note', 'Rota and opening hours', 'Patient medication record'],
  escalatesTo: 'Caldicott Guardian',
  escalateAfterDays: 7,
  openingHours: Object.fromEntries(WEEKDAYS.map((day) => [day, ROUND_THE_CLOCK])) as Policy['openingHours'],
  thresholds: DEFAULT_THRESHOLDS,
  namesWithheldInSubjectAccess: false,
};

const MEMBERS = ['version', ...Object.keys(DEFAULT_POLICY), 'namesWithheldReason'];

/**
 * @param body of a PUT: the whole policy, and the version that it replaces; thresholds that are left out keep their defaults
 * @throws Fault naming the member at fault
 */
export function parsePolicy(body: unknown): { version: number; policy: Policy } {
  const given = membersOf(body, MEMBERS);
  const namesWithheldInSubjectAccess = yesOrNo(given['namesWithheldInSubjectAccess'], 'namesWithheldInSubjectAccess');
  if (!namesWithheldInSubjectAccess && given['namesWithheldReason'] !== undefined) throw invalid('namesWithheldReason', 'given only where names are withheld');
  return {
    version: wholeNumber(given['version'], 'version', 0, 2_147_483_646),
    policy: {
      samplePercent: wholeNumber(given['samplePercent'], 'samplePercent', 1, 100),
      rhythm: oneOf(given['rhythm'], 'rhythm', ['daily', 'weekly', 'monthly']),
      selection: oneOf(given['selection'], 'selection', ['every-nth', 'random']),
      checkedAgainst: listOfTexts(given['checkedAgainst'], 'checkedAgainst'),
      escalatesTo: text(given['escalatesTo'], 'escalatesTo', 200),
      escalateAfterDays: wholeNumber(given['escalateAfterDays'], 'escalateAfterDays', 1, 90),
      openingHours: parseOpeningHours(given['openingHours']),
      thresholds: parseThresholds(given['thresholds']),
      namesWithheldInSubjectAccess,
      ...(namesWithheldInSubjectAccess && { namesWithheldReason: text(given['namesWithheldReason'], 'namesWithheldReason', 500) }),
    },
  };
}

function listOfTexts(value: unknown, name: string): string[] {
  if (value === undefined) throw missing(name);
  if (!Array.isArray(value) || value.length > 20) throw invalid(name, 'a list of at most 20 texts');
  return value.map((one, i) => text(one, `${name}[${i}]`, 200));
}

function parseOpeningHours(value: unknown): Policy['openingHours'] {
  if (value === undefined) throw missing('openingHours');
  const days = within('openingHours', value, WEEKDAYS);
  return Object.fromEntries(
    WEEKDAYS.map((day) => {
      const name = `openingHours.${day}`;
      const hours = days[day];
      if (hours === undefined) throw missing(name);
      if (hours === null) return [day, null];
      const isHours = Array.isArray(hours) && hours.length === 2 && hours.every((time) => typeof time === 'string' && /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/.test(time));
      if (!isHours || hours[0] === '24:00' || hours[0] === hours[1]) throw invalid(name, 'null or two different times, opening and closing, as HH:MM');
      return [day, hours as Hours];
    }),
  ) as Policy['openingHours'];
}

/** The most that a rule can be told to wait for: so many acts of one user are looked at. */
const HIGHEST_COUNT = 1000;

/** Bounds of a threshold, where they are not 1 and {@link HIGHEST_COUNT}. */
const BOUNDS: Record<string, [number, number]> = {
  enabled: [0, 1],
  afterDays: [0, 36_500],
  graceMinutes: [0, 720],
  viewsPercent: [0, 100],
  learningDays: [0, 3650],
  windowMinutes: [1, 1440],
  windowHours: [1, 744],
  delayHours: [0, 744],
};

function parseThresholds(value: unknown): PolicyThresholds {
  if (value === undefined) throw missing('thresholds');
  const given = within('thresholds', value, Object.keys(DEFAULT_THRESHOLDS));
  return Object.fromEntries(
    Object.entries(DEFAULT_THRESHOLDS).map(([rule, defaults]) => {
      const own = given[rule];
      if (own === undefined) return [rule, { ...defaults }];
      const jobRoles = rule === 'many-patients' && typeof own === 'object' && own !== null ? Object.keys(own).filter((name) => /^R\d{4}$/.test(name)).slice(0, 500) : [];
      const numbers = within(`thresholds.${rule}`, own, [...Object.keys(defaults), ...jobRoles]);
      const checked = Object.entries(numbers).map(([name, number]) => [name, wholeNumber(number, `thresholds.${rule}.${name}`, ...(BOUNDS[name] ?? [1, HIGHEST_COUNT]))] as const);
      return [rule, { ...defaults, ...Object.fromEntries(checked) }];
    }),
  );
}

function within(name: string, value: unknown, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(name, 'an object');
  const unknown = Object.keys(value).find((member) => !known.includes(member));
  if (unknown !== undefined) membersOf({ [`${name}.${unknown.slice(0, 50)}`]: 0 }, []);
  return value as Record<string, unknown>;
}

/** A rule's number; 0 for one that the rule does not have. */
export const thresholdOf = ({ thresholds }: Policy, rule: Rule, name: string): number => thresholds[rule]?.[name] ?? DEFAULT_THRESHOLDS[rule]?.[name] ?? 0;

/** National rules are always on. */
export const isEnabled = (policy: Policy, rule: Rule): boolean => !(rule in DEFAULT_THRESHOLDS) || thresholdOf(policy, rule, 'enabled') === 1;
