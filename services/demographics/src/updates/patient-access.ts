import type { Patient } from '@carespine/fhir';
import { LIST_KEYS, type ListName } from './addressing';
import type { Draft } from './apply';
import { invalidUpdate } from './faults';
import { isJsonObject, type JsonObject } from './json';
import type { Operation } from './patches';

const UK_CORE = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-';
const OWN_EXTENSIONS: unknown[] = [
  `${UK_CORE}NHSCommunication`,
  `${UK_CORE}NominatedPharmacy`,
  `${UK_CORE}PreferredDispenserOrganization`,
  `${UK_CORE}MedicalApplianceSupplier`,
  'http://hl7.org/fhir/StructureDefinition/patient-birthPlace',
];

/** What patients may change in their own record, by list. */
const OWN_ITEMS: Partial<Record<ListName, (item: JsonObject) => boolean>> = {
  address: () => true,
  contact: () => true,
  extension: ({ url }) => OWN_EXTENSIONS.includes(url),
  telecom: ({ system, use }) => system === 'email' || (system === 'phone' && use === 'mobile'),
};

const notPermitted = () => invalidUpdate('This user does not have permission to update the fields in the patches provided.');

/**
 * Patients change the listed parts of their own record only, and give each as a whole; removals may be of parts.
 *
 * @throws Fault INVALID_UPDATE
 * @see demographics specification, "What each mode may change"
 */
export function checkPatientAccess(operations: readonly Operation[]): void {
  for (const { op, tokens } of operations) {
    const isOwn = Object.hasOwn(OWN_ITEMS, tokens[0]);
    if (op !== 'test' && !(isOwn && (op === 'remove' || tokens.length === 2))) throw notPermitted();
  }
}

/** As {@link checkPatientAccess}, for what only the items themselves tell: which telecom, which extension. */
export function checkPatientItems(record: Patient, { patient, changes }: Draft): void {
  for (const list of Object.keys(LIST_KEYS) as ListName[]) {
    const mayChange = OWN_ITEMS[list] ?? (() => false);
    const key = LIST_KEYS[list];
    const after = (patient[list] ?? []) as JsonObject[];
    const before = (record[list] ?? []) as unknown as JsonObject[];
    const removed = before.filter((item) => !after.some((other) => other[key] === item[key]));
    const changed = after.filter((item) => changes.has(item)).flatMap((item) => [item, changes.get(item)?.was]);
    if (![...removed, ...changed].filter(isJsonObject).every(mayChange)) throw notPermitted();
  }
}
