import { unsupportedValue } from '../faults';
import { isJsonObject, type JsonObject } from '../json';
import { utcDateTime } from './date-time';
import { checkConcept, type Element, type Moment } from './element';
import { isTouched, partIn, requirePart, subExtensions } from './sub-extensions';

export const DEATH_NOTIFICATION = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus';
const DEATH_NOTIFICATION_CODES = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus';

/** The status in the patient's death notification: `1` informal, `2` formal, `U` removed; undefined without one. */
export function deathStatus(notification: JsonObject | undefined): unknown {
  const concept = partIn(notification, 'deathNotificationStatus')?.['valueCodeableConcept'];
  const codings: unknown[] = isJsonObject(concept) && Array.isArray(concept['coding']) ? concept['coding'] : [];
  return codings.filter(isJsonObject)[0]?.['code'];
}

/** @see demographics specification, "deceasedDateTime and death notification" */
export function checkDeathNotification(notification: Element, { now }: Moment): void {
  const { deathNotificationStatus: status, systemEffectiveDate: effective } = subExtensions(
    notification,
    { deathNotificationStatus: 'valueCodeableConcept', systemEffectiveDate: 'valueDateTime' },
    { min: 1, max: 2 },
  );
  requirePart(notification, 'deathNotificationStatus');
  if (isTouched(status)) {
    const at = `${status.at}/valueCodeableConcept`;
    const code = checkConcept(status.value['valueCodeableConcept'], at, [DEATH_NOTIFICATION_CODES], ['1', '2', 'U']);
    if (code === 'U') throw unsupportedValue(code, `${at}/coding/0/code`);
  }
  if (isTouched(effective)) {
    effective.value['valueDateTime'] = utcDateTime(effective.value['valueDateTime'], `${effective.at}/valueDateTime`);
  }
  if (effective === undefined) {
    const parts = notification.value['extension'] as JsonObject[];
    parts.push({ url: 'systemEffectiveDate', valueDateTime: `${new Date(now).toISOString().slice(0, 19)}+00:00` });
  }
}
