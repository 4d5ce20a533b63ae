/** Numbers of one rule; an organisation's policy may give others. */
type Thresholds = Record<string, number>;

interface RuleKind {
  /** In words, for the officer's list: says nothing of anybody. */
  title: string;
  /** Who is told: holders of this permission. */
  permission: 'audit.alerts-self-claimed' | 'audit.alerts-override' | 'audit.reports';
  /** National alerts have none: nobody can switch them off. */
  thresholds?: Thresholds;
}

const ALERTS_OF_PLATFORM = 'audit.reports' as const;
const platform = (title: string, thresholds: Thresholds = {}): RuleKind => ({ title, permission: ALERTS_OF_PLATFORM, thresholds: { enabled: 1, ...thresholds } });

/**
 * Every rule that raises alerts, with the thresholds that hold until an organisation's policy says otherwise.
 *
 * @see audit specification, "Alerts"; the thresholds are platform policy
 */
export const RULES = {
  'national-type-1': { title: 'Legitimate relationship self-claimed', permission: 'audit.alerts-self-claimed' },
  'national-type-2': { title: 'Permission to view overridden', permission: 'audit.alerts-override' },
  'own-record': platform('Own record opened'),
  'same-household': platform('Record of somebody with the user’s surname and address opened'),
  'staff-record': platform('Record of a colleague or of other staff opened'),
  'restricted-patient': platform('Record of a restricted patient opened'),
  'deceased-patient': platform('Record of a deceased patient opened', { afterDays: 0 }),
  // reception and clerical work opens many records by its nature: R8006 secretary, R8008 and R8010 clerical, R8009 reception, R8013 records
  'many-patients': platform('Many patients in a short time', { windowMinutes: 60, patients: 40, R8006: 80, R8008: 80, R8009: 120, R8010: 80, R8013: 120 }),
  'outside-hours': platform('Opened outside the organisation’s hours', { graceMinutes: 30 }),
  'search-trawling': platform('Many searches, few records opened', { windowMinutes: 60, searches: 30, viewsPercent: 10 }),
  'repeated-emergency': platform('Repeated emergency access', { windowHours: 24, patients: 3 }),
  'safeguarding-without-contact': platform('Safeguarding information read without later contact', { delayHours: 24 }),
  'ended-role': platform('Access by a role that has ended'),
  'export-or-print': platform('Patient data exported or printed'),
  'refusal-burst': platform('Many refusals for lack of permission', { windowMinutes: 10, refusals: 10 }),
  'new-network': platform('Client used from a new network', { learningDays: 14 }),
} as const satisfies Record<string, RuleKind>;

export type Rule = keyof typeof RULES;
export type PolicyThresholds = Record<string, Thresholds>;

export const RULE_NAMES = Object.keys(RULES) as Rule[];
export const isRule = (name: string): name is Rule => Object.hasOwn(RULES, name);

/** Thresholds of every rule that has some. */
export const DEFAULT_THRESHOLDS: PolicyThresholds = Object.fromEntries(
  Object.entries<RuleKind>(RULES).flatMap(([rule, { thresholds }]) => (thresholds ? [[rule, { ...thresholds }]] : [])),
);

/** The reasons of national alerts, by their code. @see SCR-AlertReason */
export const NATIONAL_REASONS: Record<number, string> = {
  1: 'Public interest',
  2: 'Statute',
  3: 'Court order',
  4: 'Self-claimed emergency',
  5: 'Emergency',
  6: 'Other (with permission)',
};
