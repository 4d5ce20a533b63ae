import { invalidUpdate, missingValue } from '../faults';
import {
  allowMembers,
  checkCoding,
  checkConcept,
  listAt,
  objectAt,
  oneOf,
  requireMember,
  textAt,
  touches,
  type Element,
  type Moment,
} from './element';
import { checkPeriod } from './period';

const SYSTEMS = ['phone', 'fax', 'email', 'other'] as const;
const USES = ['home', 'work', 'temp', 'mobile'] as const;
const OTHER_CONTACT_SYSTEM = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-OtherContactSystem';
const OTHER_CONTACT_SYSTEM_CODES = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-OtherContactSystem';
const EMERGENCY_CONTACT = 'http://terminology.hl7.org/CodeSystem/v2-0131';

/** @see demographics specification, "telecom" */
export function checkTelecom(telecom: Element, moment: Moment): void {
  const { value, at, was } = telecom;
  allowMembers(telecom, ['id', 'period', 'system', 'value', 'use', 'extension']);
  requireMember(telecom, 'system');
  requireMember(telecom, 'value');
  if (touches(telecom, 'system')) oneOf(value['system'], `${at}/system`, SYSTEMS);
  if (touches(telecom, 'use') && value['use'] !== undefined) oneOf(value['use'], `${at}/use`, USES);
  if (was !== undefined && (touches(telecom, 'system') || touches(telecom, 'use'))) {
    throw invalidUpdate('the system and use of an existing telecom cannot be changed - remove the telecom and add another');
  }
  if (touches(telecom, 'value')) checkContactValue(value['system'], value['value'], `${at}/value`);
  if (touches(telecom, 'extension') && value['extension'] !== undefined) checkTextphone(telecom);
  checkPeriod(telecom, moment);
}

/** Phone numbers are kept as given; an e-mail address has a valid form, more than 6 and fewer than 90 characters. */
function checkContactValue(system: unknown, value: unknown, at: string): void {
  const text = textAt(value, at);
  const isEmailAddress =
    text.length > 6 &&
    text.length < 90 &&
    /^[^\s@"(),:;<>[\]\\]+@[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/i.test(text);
  if (system === 'email' && !isEmailAddress) throw invalidUpdate('email format is invalid');
}

function checkTextphone({ value, at }: Element): void {
  const [extension] = listAt(value['extension'], `${at}/extension`, { min: 1, max: 1 });
  const place = `${at}/extension/0`;
  const textphone = objectAt(extension, place);
  allowMembers({ value: textphone, at: place }, ['url', 'valueCoding']);
  for (const member of ['url', 'valueCoding']) if (textphone[member] === undefined) throw missingValue(`${place}/${member}`);
  oneOf(textphone['url'], `${place}/url`, [OTHER_CONTACT_SYSTEM]);
  checkCoding(textphone['valueCoding'], `${place}/valueCoding`, [OTHER_CONTACT_SYSTEM_CODES], ['textphone']);
  if (value['system'] !== 'other') throw invalidUpdate(`the system of a textphone must be 'other'`);
}

/** An emergency contact. @see demographics specification, "contact (emergency contact only)" */
export function checkContact(contact: Element, moment: Moment): void {
  const { value, at } = contact;
  allowMembers(contact, ['id', 'period', 'relationship', 'telecom']);
  requireMember(contact, 'relationship');
  requireMember(contact, 'telecom');
  if (touches(contact, 'relationship')) {
    const [relationship] = listAt(value['relationship'], `${at}/relationship`, { min: 1, max: 1 });
    checkConcept(relationship, `${at}/relationship/0`, [EMERGENCY_CONTACT], ['C']);
  }
  if (touches(contact, 'telecom')) {
    listAt(value['telecom'], `${at}/telecom`, { min: 1 }).forEach((item, index) => {
      const place = `${at}/telecom/${index}`;
      const telecom = objectAt(item, place);
      allowMembers({ value: telecom, at: place }, ['system', 'value']);
      for (const member of ['system', 'value']) if (telecom[member] === undefined) throw missingValue(`${place}/${member}`);
      oneOf(telecom['system'], `${place}/system`, ['phone', 'email', 'other']);
      checkContactValue(telecom['system'], telecom['value'], `${place}/value`);
    });
  }
  checkPeriod(contact, moment);
}
