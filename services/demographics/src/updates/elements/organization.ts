import { invalidUpdate } from '../faults';
import { allowMembers, elementIn, oneOf, requireMember, textAt, touches, type Element, type Moment } from './element';
import { checkPeriod } from './period';

const ODS_CODE = 'https://fhir.nhs.uk/Id/ods-organization-code';

/** The practice with which the patient is registered. @see demographics specification, "generalPractitioner (0-1)" */
export function checkGeneralPractitioner(practice: Element, moment: Moment): void {
  allowMembers(practice, ['id', 'type', 'identifier']);
  checkOrganization(practice, moment);
  const identifier = elementIn(practice, 'identifier');
  const period = identifier && elementIn(identifier, 'period');
  if (period && period.value['end'] !== undefined && touches(period, 'end')) {
    throw invalidUpdate('an end date must not be provided on generalPractitioner');
  }
}

/** The organisation that looks after a de-registered person. @see demographics specification, "managingOrganization" */
export function checkManagingOrganization(organization: Element, moment: Moment): void {
  allowMembers(organization, ['type', 'identifier']);
  checkOrganization(organization, moment);
}

function checkOrganization(organization: Element, moment: Moment): void {
  const { value, at } = organization;
  if (value['type'] === undefined && organization.whole) value['type'] = 'Organization';
  requireMember(organization, 'type');
  if (touches(organization, 'type')) oneOf(value['type'], `${at}/type`, ['Organization']);
  checkOdsIdentifier(organization, /^[0-9A-Z]+$/, ['period']);
  const identifier = elementIn(organization, 'identifier');
  if (identifier) checkPeriod(identifier, moment);
}

/** A pharmacy, dispensing doctor or appliance supplier. @see demographics specification, "Pharmacy extensions" */
export function checkPharmacy(pharmacy: Element): void {
  allowMembers(pharmacy, ['url', 'valueReference']);
  requireMember(pharmacy, 'valueReference');
  const reference = elementIn(pharmacy, 'valueReference');
  if (!reference) return;
  allowMembers(reference, ['identifier']);
  checkOdsIdentifier(reference, /^[A-Za-z0-9]{3,10}$/);
}

function checkOdsIdentifier(reference: Element, pattern: RegExp, furtherMembers: readonly string[] = []): void {
  requireMember(reference, 'identifier');
  const identifier = elementIn(reference, 'identifier');
  if (!identifier || !touches(reference, 'identifier')) return;
  const { value, at } = identifier;
  allowMembers(identifier, ['system', 'value', ...furtherMembers]);
  requireMember(identifier, 'value');
  if (touches(identifier, 'value')) textAt(value['value'], `${at}/value`, { pattern });
  if (value['system'] === undefined) value['system'] = ODS_CODE;
  else if (touches(identifier, 'system')) oneOf(value['system'], `${at}/system`, [ODS_CODE]);
}
