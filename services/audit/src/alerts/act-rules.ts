import { isIP } from 'node:net';
import { Interaction } from '@carespine/contracts';
import { londonClock, londonDay } from '../london';
import { isEnabled, thresholdOf, WEEKDAYS, type Policy } from '../organisation-policy/policy';
import { isSafeguarding } from '../accesses/withheld';
import { isView, isViewOrHit, type Act } from './act';
import { NATIONAL_REASONS, type Rule } from './rules';

/** What is known of the people in an act, beyond its record. */
export interface Circumstances {
  policy: Policy;
  patient?: { restricted: boolean; deceased?: Date };
  /** The patient is the user herself. */
  isOwnRecord?: boolean;
  /** The patient is somebody else of the staff: of the same organisation, or of another. */
  staffMember?: 'colleague' | 'elsewhere';
  /** Last day of the role that was used. */
  roleEnded?: string;
}

export interface Hit {
  rule: Rule;
  /** Free of personal data: it stands in lists. */
  reason: string;
  /** Hits of one rule and cause on one day are one alert. */
  cause: string;
}

/** A pharmacy's ODS code: F and four more. @see ODS, code formats */
const PHARMACY = /^F[A-Z0-9]{4}$/;
/** Who a patient is, is no summary of care, whichever system says so. */
const DEMOGRAPHIC = ['Patient', 'RelatedPerson'];
const EMERGENCY_PURPOSES = ['ETREAT', 'BTG'];

/** The rules that need one act alone. */
export function hitsOf(act: Act, around: Circumstances): Hit[] {
  const hits: Hit[] = [];
  const hit = (rule: Rule, reason: string, cause = `${act.userId}|${act.nhsNumber}`): void => {
    if (isEnabled(around.policy, rule)) hits.push({ rule, reason, cause });
  };

  const national = nationalAlertOf(act);
  if (national) hit(national.type === 1 ? 'national-type-1' : 'national-type-2', national.reason, national.cause);

  if (isViewOrHit(act)) {
    if (around.isOwnRecord) hit('own-record', 'The user’s own record');
    else if (act.sameHousehold) hit('same-household', 'Same surname and address as the user');
  }
  if (isView(act)) {
    if (around.staffMember) hit('staff-record', around.staffMember === 'colleague' ? 'The patient works in the same organisation' : 'The patient is a member of staff of another organisation');
    if (around.patient?.restricted) hit('restricted-patient', 'The patient is restricted (S)');
    const daysSinceDeath = around.patient?.deceased ? (act.recorded.getTime() - around.patient.deceased.getTime()) / DAY_MS : Number.NaN;
    if (daysSinceDeath >= thresholdOf(around.policy, 'deceased-patient', 'afterDays')) hit('deceased-patient', 'The patient has died');
    if (isOutsideHours(act.recorded, around.policy)) hit('outside-hours', `Opened at ${clockTime(act.recorded)}`, act.userId);
  }
  if (act.outcome === 0 && around.roleEnded !== undefined && londonDay(act.recorded) > around.roleEnded) {
    hit('ended-role', 'The role had ended', `${act.userId}|${act.roleProfileId}`);
  }
  // the audit service's own count here: what an officer takes out is looked at by the guardian, once a day, whoever is named in the file
  if (act.outcome === 0 && (act.interaction === Interaction.EXPORT || act.interaction === Interaction.PRINT)) {
    const what = act.interaction === Interaction.EXPORT ? 'Exported' : 'Printed';
    hit('export-or-print', what, act.service === 'audit' ? act.userId : `${act.userId || act.clientId}|${act.nhsNumber}`);
  }
  return hits;
}

const DAY_MS = 86_400_000;

/**
 * The national alert that an act is: by the codes that it carries, else by what it rests on.
 *
 * @see summary care record specification, "Permission to view" and "POST /AuditEvent (privacy alert)"
 */
export function nationalAlertOf(act: Act): { type: 1 | 2; reason: string; cause?: string } | undefined {
  const alert = restingOn(act);
  // a pharmacy has an alert for each view, whatever it rests on
  return alert && PHARMACY.test(act.odsCode) ? { ...alert, cause: `${act.userId}|${act.nhsNumber}|${act.requestId}` } : alert;
}

function restingOn(act: Act): { type: 1 | 2; reason: string } | undefined {
  if (act.outcome !== 0 || act.service === 'audit' || act.nhsNumber === '') return undefined;
  if (act.alertType === 1 || act.alertType === 2) return { type: act.alertType, reason: NATIONAL_REASONS[act.alertReason] ?? 'No reason given' };
  const isSelfClaimed = act.relationship === 'self-claimed';
  if (act.permissionToView === 'legal') return { type: isSelfClaimed ? 1 : 2, reason: NATIONAL_REASONS[act.alertReason] ?? 'Legal' };
  if (isEmergency(act)) return { type: isSelfClaimed ? 1 : 2, reason: (isSelfClaimed ? NATIONAL_REASONS[4] : NATIONAL_REASONS[5]) ?? '' };
  if (isSelfClaimed) return { type: 1, reason: NATIONAL_REASONS[6] ?? '' };
  if (PHARMACY.test(act.odsCode) && isView(act) && !DEMOGRAPHIC.includes(act.resourceType)) {
    return { type: 1, reason: 'Viewed in a community pharmacy' };
  }
  return undefined;
}

/** The patient could not be asked. */
export const isEmergency = (act: Act): boolean =>
  act.outcome === 0 &&
  act.service !== 'audit' &&
  act.nhsNumber !== '' &&
  (EMERGENCY_PURPOSES.includes(act.purpose) || act.permissionToView === 'emergency' || (act.alertType > 0 && (act.alertReason === 4 || act.alertReason === 5)));

/** Child protection and FGM information, of whichever system; a reasonable adjustment is none. */
export const isSafeguardingRead = (act: Act): boolean =>
  isSafeguarding(act) &&
  act.outcome === 0 &&
  act.userId !== '' &&
  act.nhsNumber !== '' &&
  (act.interaction === Interaction.READ || act.interaction === Interaction.SEARCH_TYPE) &&
  !/reasonable adjustment/i.test(act.interactionName);

function isOutsideHours(recorded: Date, policy: Policy): boolean {
  const grace = thresholdOf(policy, 'outside-hours', 'graceMinutes');
  const { weekday, minutes } = londonClock(recorded);
  const today = WEEKDAYS.findIndex((day) => day === weekday);
  // days reach into the next one: a night clinic closes after midnight, and a grace may pass it
  return ![-1, 0, 1].some((offset) => {
    const hours = policy.openingHours[WEEKDAYS[(today + offset + 7) % 7] ?? 'mon'];
    if (!hours) return false;
    const [opens, closes] = [minutesOf(hours[0]), minutesOf(hours[1])];
    const at = minutes - offset * 1440;
    return at >= opens - grace && at < (closes > opens ? closes : closes + 1440) + grace;
  });
}

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

function clockTime(instant: Date): string {
  const { minutes } = londonClock(instant);
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}

/** The network of an address: its first 24 bits, of IPv6 the first 48. Undefined for what is no address. */
export function networkOf(address: string): string | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  if (isIP(mapped) === 4) return `${mapped.split('.').slice(0, 3).join('.')}.0/24`;
  if (isIP(mapped) !== 6) return undefined;
  const [head = '', tail = ''] = mapped.toLowerCase().split('%')[0]?.split('::') ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const groups = mapped.includes('::') ? [...before, ...Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0'), ...after] : before;
  return `${groups.slice(0, 3).map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/48`;
}
