import type { Patient } from '@carespine/fhir';
import type { Draft } from './apply';
import { DEATH_NOTIFICATION, deathStatus } from './elements/death-notification';
import { refuseReadOnly } from './elements/extension';
import { forbiddenRemoval, forbiddenUpdate } from './faults';
import { isJsonObject, sameJson, type JsonObject } from './json';

/** Records whose data are hidden from readers: a `test` operation must not tell them either. */
export function refuseRestricted(record: Patient): void {
  const label = record.meta?.security?.[0]?.code;
  if (label !== undefined && label !== 'U') throw forbiddenUpdate('source not permitted to update a restricted record');
}

/**
 * Refuses what a record must not lose, and what only other sources may say.
 *
 * @throws Fault FORBIDDEN_UPDATE; INVALID_UPDATE for the removal of what is read only
 * @see demographics specification, "Outcomes"; "name"; "gender, birth, multiple birth"; "deceasedDateTime and death notification";
 *   "generalPractitioner (0-1)"
 */
export function refuseForbidden(record: Patient, { patient, changes }: Draft): void {
  for (const member of ['birthDate', 'gender', 'deceasedDateTime'] as const) {
    if (record[member] !== undefined && patient[member] === undefined) throw forbiddenRemoval(member);
  }
  refuseUsualNames(record, patient, changes);

  const practices = itemsOf(patient['generalPractitioner']);
  const stays = (id: string | undefined) => practices.some((practice) => practice['id'] === id);
  if (record.generalPractitioner?.some(({ id }) => !stays(id))) throw forbiddenRemoval('generalPractitioner');

  for (const { url } of record.extension ?? []) {
    if (!itemsOf(patient['extension']).some((extension) => extension['url'] === url)) refuseReadOnly(url);
  }
  refuseDeath(record, patient);
}

function refuseUsualNames(record: Patient, patient: JsonObject, changes: Draft['changes']): void {
  const names = itemsOf(patient['name']);
  const isNew = (name: JsonObject) => changes.has(name) && changes.get(name)?.was === undefined;
  const kept = (record.name ?? []).filter((name) => name.use === 'usual' && names.some(({ id }) => id === name.id));
  if (record.name?.some(({ use }) => use === 'usual') && kept.length === 0) throw forbiddenUpdate('not permitted to remove usual name');
  const added = names.filter((name) => isNew(name) && name['use'] === 'usual').length;
  if (added > 0 && kept.length + added > 1) throw forbiddenUpdate('multiple usual names cannot be added');
}

function refuseDeath(record: Patient, patient: JsonObject): void {
  const before = notificationIn(record.extension);
  const after = notificationIn(patient['extension']);
  if (before && !after) throw forbiddenRemoval('deathNotificationStatus');
  const isFormal = deathStatus(before) === '2';
  const changed = !sameJson(before, after) || record.deceasedDateTime !== patient['deceasedDateTime'];
  if (isFormal && changed) throw forbiddenUpdate('source not permitted to change a formal death notification');
  if (!isFormal && deathStatus(after) === '2') throw forbiddenUpdate('source not permitted to add a formal death notification');
}

export function notificationIn(extensions: unknown): JsonObject | undefined {
  return itemsOf(extensions).find(({ url }) => url === DEATH_NOTIFICATION);
}

function itemsOf(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}
