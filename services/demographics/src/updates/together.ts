import type { Patient } from '@carespine/fhir';
import type { Draft } from './apply';
import { deathStatus } from './elements/death-notification';
import type { Moment } from './elements/element';
import { invalidUpdate, tooManyValues } from './faults';
import { notificationIn } from './forbidden';
import { isJsonObject, type JsonObject } from './json';

/**
 * The rules between the elements of a record: how many there may be of a kind, and what comes only together.
 * Records that broke such a rule before may go on doing so, but no update makes it worse.
 *
 * @throws Fault INVALID_UPDATE, TOO_MANY_VALUES_SUBMITTED
 * @see demographics specification, "name", "address", "telecom", "generalPractitioner (0-1)", "Pharmacy extensions (0-1 each)",
 *   "deceasedDateTime and death notification"
 */
export function checkTogether(record: Patient, { patient, changes }: Draft, { today }: Moment): void {
  const more = (list: 'name' | 'address' | 'telecom' | 'extension', kindOf: (item: JsonObject) => string | undefined) =>
    kindsWithMore((record[list] ?? []) as unknown as JsonObject[], (patient[list] ?? []) as JsonObject[], kindOf);

  if (more('name', ({ use }) => (use === 'nickname' ? use : undefined))) throw invalidUpdate('multiple nicknames cannot be added');
  const address = more('address', ({ use, period }) => (isCurrent(period, today) && use !== 'work' ? String(use) : undefined));
  if (address) throw invalidUpdate(`multiple ${address} addresses cannot be added`);
  const telecom = more('telecom', ({ system, use }) => `${String(system)} with use ${String(use)}`);
  if (telecom) throw invalidUpdate(`multiple telecoms of system ${telecom} cannot be added`);
  const url = more('extension', (extension) => String(extension['url']));
  if (url) throw tooManyValues(url, 'extension');
  const practices = patient['generalPractitioner'];
  if (Array.isArray(practices) && practices.length > 1) throw tooManyValues(practices.at(-1), 'generalPractitioner');

  const notification = notificationIn(patient['extension']);
  const hasDied = patient['deceasedDateTime'] !== undefined;
  const diedNow = hasDied && record.deceasedDateTime === undefined;
  if (diedNow && !['1', '2'].includes(String(deathStatus(notification)))) {
    throw invalidUpdate('a death notification status must be added together with deceasedDateTime');
  }
  if (notification && changes.has(notification) && !hasDied) {
    throw invalidUpdate('deceasedDateTime must be added together with a death notification status');
  }
}

/** The first kind of which there are several now, and more than there were. */
function kindsWithMore(before: JsonObject[], after: JsonObject[], kindOf: (item: JsonObject) => string | undefined): string | undefined {
  const count = (items: JsonObject[], kind: string) => items.filter((item) => kindOf(item) === kind).length;
  return after.map(kindOf).find((kind) => kind !== undefined && count(after, kind) > Math.max(1, count(before, kind)));
}

function isCurrent(period: unknown, today: string): boolean {
  const end = isJsonObject(period) ? period['end'] : undefined;
  return typeof end !== 'string' || end.slice(0, 10) >= today;
}
