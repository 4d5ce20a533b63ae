import { invalidUpdate, invalidValue, missingValue } from '../faults';
import { checkBirthPlace } from './birth-place';
import { checkCommunication, checkContactPreference } from './communication';
import { checkDeathNotification, DEATH_NOTIFICATION } from './death-notification';
import type { Element, Moment } from './element';
import { checkPharmacy } from './organization';

const UK_CORE = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-';

/** The extensions of a patient that an update may give, each with its rules. */
const RULES: Record<string, (extension: Element, moment: Moment) => void> = {
  [`${UK_CORE}NominatedPharmacy`]: checkPharmacy,
  [`${UK_CORE}PreferredDispenserOrganization`]: checkPharmacy,
  [`${UK_CORE}MedicalApplianceSupplier`]: checkPharmacy,
  [DEATH_NOTIFICATION]: checkDeathNotification,
  [`${UK_CORE}NHSCommunication`]: checkCommunication,
  [`${UK_CORE}ContactPreference`]: checkContactPreference,
  'http://hl7.org/fhir/StructureDefinition/patient-birthPlace': checkBirthPlace,
};

/** What a reader sees and back offices alone set. */
const READ_ONLY = ['https://fhir.nhs.uk/StructureDefinition/Extension-PDS-RemovalFromRegistration'];

export function checkExtension(extension: Element, moment: Moment): void {
  const url = extension.value['url'];
  if (url === undefined) throw missingValue(`${extension.at}/url`);
  if (typeof url !== 'string') throw invalidValue(url, `${extension.at}/url`);
  refuseReadOnly(url);
  const check = Object.hasOwn(RULES, url) ? RULES[url] : undefined;
  if (!check) throw invalidValue(url, `${extension.at}/url`);
  check(extension, moment);
}

export function refuseReadOnly(url: unknown): void {
  if (READ_ONLY.some((known) => known === url)) throw invalidUpdate(`Update unsupported for resource - '${String(url)}'`);
}
