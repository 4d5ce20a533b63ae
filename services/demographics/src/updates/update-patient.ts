import type { Patient } from '@carespine/fhir';
import { checkAddressing, LIST_KEYS, type ListName } from './addressing';
import { applyOperations, type Draft } from './apply';
import { checkAddress } from './elements/address';
import type { Element, Moment } from './elements/element';
import { checkExtension } from './elements/extension';
import { checkName } from './elements/name';
import { checkGeneralPractitioner, checkManagingOrganization } from './elements/organization';
import { checkScalars } from './elements/scalars';
import { checkContact, checkTelecom } from './elements/telecom';
import { invalidValue } from './faults';
import { refuseForbidden, refuseRestricted } from './forbidden';
import { isJsonObject, type JsonObject } from './json';
import { parsePatches } from './patches';
import { checkPatientAccess, checkPatientItems } from './patient-access';
import { checkTogether } from './together';

export interface UpdateContext extends Moment {
  /** How the caller came in; patients may change less than a healthcare worker or an application that may update. */
  mode: 'user-restricted' | 'patient-access' | 'application-restricted';
  /** A fresh id for a new item of a list. */
  newObjectId: () => string;
}

const ITEM_RULES: Record<ListName, (item: Element, moment: Moment) => void> = {
  name: checkName,
  address: checkAddress,
  telecom: checkTelecom,
  contact: checkContact,
  generalPractitioner: checkGeneralPractitioner,
  extension: checkExtension,
};

/**
 * Applies the patches of an update to a patient's record: all of them, or none.
 * What an update leaves alone is not judged, so that a record from former times can be updated elsewhere.
 *
 * @param record as the caller read it: lists in the same order, no blank address lines
 * @param body `{ "patches": [...] }` as parsed from the request
 * @returns the new record, its version raised by one; neither argument is changed
 * @throws Fault with a code of the specification's section "Outcomes"
 * @see demographics specification, "Update" and "Patient resource"
 */
export function updatePatient(record: Patient, body: unknown, context: UpdateContext): Patient {
  refuseRestricted(record);
  const operations = parsePatches(body);
  if (context.mode === 'patient-access') checkPatientAccess(operations);
  checkAddressing(operations);
  const draft = applyOperations(record, operations);
  if (context.mode === 'patient-access') checkPatientItems(record, draft);
  refuseForbidden(record, draft);
  checkScalars(draft.patient, draft.members, context);
  checkElements(draft, context);
  checkTogether(record, draft, context);
  return completed(record, draft, context);
}

function checkElements({ patient, changes, members }: Draft, moment: Moment): void {
  for (const list of Object.keys(ITEM_RULES) as ListName[]) {
    const items = (patient[list] ?? []) as JsonObject[];
    items.forEach((value, index) => {
      const change = changes.get(value);
      if (change) ITEM_RULES[list]({ ...change, value, at: `${list}/${index}` }, moment);
    });
  }
  const organization = patient['managingOrganization'];
  if (organization === undefined || !members.has('managingOrganization')) return;
  const change = isJsonObject(organization) && changes.get(organization);
  if (!change) throw invalidValue(organization, 'managingOrganization');
  checkManagingOrganization({ ...change, value: organization, at: 'managingOrganization' }, moment);
}

/** Gives items without an id theirs and the record its new version. */
function completed(record: Patient, { patient }: Draft, { newObjectId }: UpdateContext): Patient {
  for (const list of Object.keys(LIST_KEYS) as ListName[]) {
    if (LIST_KEYS[list] !== 'id') continue;
    for (const item of (patient[list] ?? []) as JsonObject[]) {
      if (item['id'] === undefined) item['id'] = newObjectId();
    }
  }
  patient['meta'] = { ...record.meta, versionId: String(Number(record.meta?.versionId ?? 0) + 1) };
  return patient as unknown as Patient;
}
