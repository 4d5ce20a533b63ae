import { invalidUpdate, invalidValue } from '../faults';
import { LANGUAGES } from './codes';
import { checkConcept, textAt, type Element } from './element';
import { isTouched, partIn, requirePart, subExtensions } from './sub-extensions';

const CODE_SYSTEM = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-';
const VALUE_SET = 'https://fhir.hl7.org.uk/ValueSet/UKCore-';

/** Language, and whether an interpreter is needed. @see demographics specification, "Communication, contact preference, birth place" */
export function checkCommunication(communication: Element): void {
  const { whole, was } = communication;
  if (!whole && partIn(was, 'interpreterRequired')) requirePart(communication, 'interpreterRequired');
  if (!whole) requirePart(communication, 'language');
  const { language, interpreterRequired } = subExtensions(
    communication,
    { language: 'valueCodeableConcept', interpreterRequired: 'valueBoolean' },
    { min: 1, max: 2 },
  );
  requirePart(communication, 'language');
  if (isTouched(language)) {
    checkConcept(language.value['valueCodeableConcept'], `${language.at}/valueCodeableConcept`, [`${CODE_SYSTEM}HumanLanguage`], LANGUAGES);
  }
  if (isTouched(interpreterRequired) && typeof interpreterRequired.value['valueBoolean'] !== 'boolean') {
    throw invalidValue(interpreterRequired.value['valueBoolean'], `${interpreterRequired.at}/valueBoolean`);
  }
}

const CONTACT_PREFERENCE_CODES = {
  PreferredWrittenCommunicationFormat: ['11', '12', '13'],
  PreferredContactMethod: ['1', '2', '3', '4', '5', '6', '7', '8'],
};
const LONGEST_CONTACT_TIMES = 40;

/** @see demographics specification, "Communication, contact preference, birth place" */
export function checkContactPreference(preference: Element): void {
  const parts = subExtensions(
    preference,
    {
      PreferredWrittenCommunicationFormat: 'valueCodeableConcept',
      PreferredContactMethod: 'valueCodeableConcept',
      PreferredContactTimes: 'valueString',
    },
    { min: 1, max: 3 },
  );
  for (const url of ['PreferredWrittenCommunicationFormat', 'PreferredContactMethod'] as const) {
    const part = parts[url];
    if (!isTouched(part)) continue;
    // The published examples name the value set where the schema names the code system; both are in use.
    const systems = [`${CODE_SYSTEM}${url}`, `${VALUE_SET}${url}`] as const;
    checkConcept(part.value['valueCodeableConcept'], `${part.at}/valueCodeableConcept`, systems, CONTACT_PREFERENCE_CODES[url]);
  }
  const times = parts.PreferredContactTimes;
  if (isTouched(times)) textAt(times.value['valueString'], `${times.at}/valueString`, { longest: LONGEST_CONTACT_TIMES });
  if (times && !parts.PreferredContactMethod) throw invalidUpdate('PreferredContactTimes needs a PreferredContactMethod');
}
