import { EXTENSION_URLS, isCalendarDate, isNhsNumber, type Address, type ContactPoint, type HumanName, type Patient, type Period } from '@carespine/fhir';
import { Refusal } from '@carespine/line-import';
import { createHash } from 'node:crypto';
import { supersededBy } from '../patients/patient-row';

/**
 * Reads a Patient as another demographics service exports it: its own NHS number and version, all its names, addresses and
 * telecoms. What the profile demands and the export may leave out is completed: the identifier, the label U, object ids.
 *
 * @param today London calendar date
 * @throws Refusal naming the first element that is at fault
 * @see Personal Demographics Service FHIR API, Patient; FHIR R4 Patient
 */
export function checkedPatient(value: unknown, today: string): Patient {
  if (!isObject(value)) throw new Refusal(undefined, 'is not a JSON object');
  if (value.resourceType !== 'Patient') throw new Refusal('Patient.resourceType', 'must be Patient');
  wellFormed(value, 'Patient', 0);
  for (const element of Object.keys(value)) {
    if (!TAKEN.has(element)) throw new Refusal('Patient', KEPT_OUT.has(element) ? `${element} cannot be kept faithfully` : 'has an element that FHIR R4 does not know');
  }
  const patient = value as unknown as Patient;
  if (typeof patient.id !== 'string' || !isNhsNumber(patient.id)) throw new Refusal('Patient.id', 'is not a valid NHS number');
  checkIdentifier(patient);
  checkMeta(patient);
  checkNames(patient.name, today);
  oneOf(patient.gender, GENDERS, 'Patient.gender');
  checkDates(patient, today);
  each(patient.address, 'Patient.address', 50, checkAddress);
  each(patient.telecom, 'Patient.telecom', 50, checkTelecom);
  each(patient.contact, 'Patient.contact', 20, (contact, path) => {
    each(contact.telecom, `${path}.telecom`, 10, checkTelecom);
    period(contact.period, `${path}.period`);
  });
  each(patient.generalPractitioner, 'Patient.generalPractitioner', 1, (practice, path) => organization(practice.identifier, path));
  if (patient.managingOrganization !== undefined) {
    if (!isObject(patient.managingOrganization)) throw new Refusal('Patient.managingOrganization', 'must be an object');
    organization(patient.managingOrganization.identifier, 'Patient.managingOrganization');
  }
  each(patient.extension, 'Patient.extension', 30, (extension, path) => text(extension.url, `${path}.url`, 300));
  checkLink(patient);
  return completed(patient);
}

const SUPPORTED = [
  'resourceType', 'id', 'identifier', 'meta', 'name', 'gender', 'birthDate', 'multipleBirthInteger', 'deceasedDateTime', 'address', 'telecom',
  'contact', 'generalPractitioner', 'managingOrganization', 'extension', 'link',
]; // prettier-ignore
/** Kept in the record, though no API of the service answers with them. */
const KEPT = ['text', 'language', 'active', 'maritalStatus', 'communication', '_birthDate'];
const TAKEN = new Set([...SUPPORTED, ...KEPT]);
/** Of FHIR R4, but they would change what the record means to whoever does not read them, or have no place in it. */
const KEPT_OUT = new Set(['implicitRules', 'modifierExtension', 'contained', 'deceasedBoolean', 'multipleBirthBoolean', 'photo']);

const NHS_NUMBER_SYSTEM = 'https://fhir.nhs.uk/Id/nhs-number';
const CONFIDENTIALITY_SYSTEM = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
const LABELS = new Set(['U', 'R', 'V', 'REDACTED']);
const GENDERS = new Set(['male', 'female', 'other', 'unknown']);
const NAME_USES = new Set(['usual', 'nickname', 'temp', 'old', 'maiden']);
const ADDRESS_USES = new Set(['home', 'temp', 'billing', 'work', 'old']);
const TELECOM_SYSTEMS = new Set(['phone', 'fax', 'email', 'other']);
const TELECOM_USES = new Set(['home', 'work', 'temp', 'mobile', 'old']);

function checkIdentifier({ id, identifier }: Patient): void {
  each(identifier, 'Patient.identifier', 1, ({ system, value }, path) => {
    if (system !== NHS_NUMBER_SYSTEM) throw new Refusal(`${path}.system`, 'must be that of the NHS number');
    if (value !== id) throw new Refusal(`${path}.value`, 'does not agree with the id');
  });
}

function checkMeta({ meta }: Patient): void {
  if (!isObject(meta)) throw new Refusal('Patient.meta', 'is missing');
  if (typeof meta.versionId !== 'string' || !/^[1-9]\d{0,8}$/.test(meta.versionId)) {
    throw new Refusal('Patient.meta.versionId', 'must be a whole number from 1, in digits');
  }
  each(meta.security, 'Patient.meta.security', 1, ({ system, code }, path) => {
    if (system !== undefined && system !== CONFIDENTIALITY_SYSTEM) throw new Refusal(`${path}.system`, 'must be that of confidentiality');
    if (!LABELS.has(code ?? '')) throw new Refusal(`${path}.code`, 'must be U, R, V or REDACTED');
  });
}

/** Letters that the service can hold. @see demographics, name rules: code points */
const NAME_LETTERS = /^[ '\-.0-9A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u017F]+$/;

function checkNames(names: HumanName[] | undefined, today: string): void {
  let usual = 0;
  each(names, 'Patient.name', 50, (name, path) => {
    required(name.use, NAME_USES, `${path}.use`);
    nameText(name.family, `${path}.family`);
    strings(name.given, `${path}.given`, 5, nameText);
    strings(name.prefix, `${path}.prefix`, 10, partOfName);
    strings(name.suffix, `${path}.suffix`, 10, partOfName);
    period(name.period, `${path}.period`);
    if (name.use === 'usual' && !(name.period?.end && name.period.end < today)) usual++;
  });
  if (usual > 1) throw new Refusal('Patient.name', 'has more than one usual name');
  if (names && !names.some(({ use }) => use === 'usual')) throw new Refusal('Patient.name', 'has no usual name');
}

function nameText(value: unknown, path: string): void {
  text(value, path, 35);
  if (!NAME_LETTERS.test((value as string).normalize('NFC'))) throw new Refusal(path, 'has a letter that names cannot have');
}

function partOfName(value: unknown, path: string): void {
  if (typeof value !== 'string' || value.length > 35) throw new Refusal(path, 'must be text of at most 35 letters');
}

function checkDates({ birthDate, deceasedDateTime, multipleBirthInteger: order }: Patient, today: string): void {
  if (birthDate !== undefined) {
    if (!isDate(birthDate)) throw new Refusal('Patient.birthDate', 'must be a date as yyyy-mm-dd, yyyy-mm or yyyy');
    if (isAfter(birthDate, today)) throw new Refusal('Patient.birthDate', 'is in the future');
  }
  if (deceasedDateTime !== undefined) {
    if (!isDateTime(deceasedDateTime)) throw new Refusal('Patient.deceasedDateTime', 'must be a date or a date with a time');
    if (isAfter(deceasedDateTime, today)) throw new Refusal('Patient.deceasedDateTime', 'is in the future');
    if (birthDate !== undefined && isAfter(birthDate, deceasedDateTime)) throw new Refusal('Patient.deceasedDateTime', 'is before the birth');
  }
  if (order !== undefined && !(Number.isInteger(order) && order >= 1 && order <= 9)) {
    throw new Refusal('Patient.multipleBirthInteger', 'must be a whole number from 1 to 9');
  }
}

function checkAddress(address: Address, path: string): void {
  required(address.use, ADDRESS_USES, `${path}.use`);
  strings(address.line, `${path}.line`, 5, (line, at) => {
    if (line !== null && (typeof line !== 'string' || line.length > 100)) throw new Refusal(at, 'must be text of at most 100 letters');
  });
  if (address.postalCode !== undefined) text(address.postalCode, `${path}.postalCode`, 10);
  if (address.text !== undefined) text(address.text, `${path}.text`, 500);
  each(address.extension, `${path}.extension`, 5, (extension, at) => text(extension.url, `${at}.url`, 300));
  period(address.period, `${path}.period`);
}

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

function checkTelecom(telecom: ContactPoint, path: string): void {
  required(telecom.system, TELECOM_SYSTEMS, `${path}.system`);
  oneOf(telecom.use, TELECOM_USES, `${path}.use`);
  text(telecom.value, `${path}.value`, 255);
  const value = telecom.value!;
  if (telecom.system === 'email' && !(EMAIL.test(value) && value.length > 6 && value.length < 90)) throw new Refusal(`${path}.value`, 'is not an e-mail address');
  if (telecom.system === 'phone' && !/\d/.test(value)) throw new Refusal(`${path}.value`, 'is not a telephone number');
  each(telecom.extension, `${path}.extension`, 5, (extension, at) => text(extension.url, `${at}.url`, 300));
  period(telecom.period, `${path}.period`);
}

function organization(identifier: unknown, path: string): void {
  if (!isObject(identifier)) throw new Refusal(`${path}.identifier`, 'is missing');
  if (typeof identifier.value !== 'string' || !/^[0-9A-Z]{1,15}$/.test(identifier.value)) throw new Refusal(`${path}.identifier.value`, 'is not an ODS code');
  period(identifier.period, `${path}.identifier.period`);
}

function checkLink(patient: Patient): void {
  let replacements = 0;
  each(patient.link, 'Patient.link', 20, ({ type, other }, path) => {
    required(type, LINK_TYPES, `${path}.type`);
    if (!isObject(other)) throw new Refusal(`${path}.other`, 'is missing');
    if (type === 'replaced-by') replacements++;
  });
  if (replacements === 0) return;
  if (replacements > 1) throw new Refusal('Patient.link', 'names more than one record that replaces this one');
  const target = supersededBy(patient);
  if (typeof target !== 'string' || !isNhsNumber(target)) throw new Refusal('Patient.link', 'must name the record that replaces this one by a valid NHS number');
  if (target === patient.id) throw new Refusal('Patient.link', 'says that the record replaces itself');
}

const LINK_TYPES = new Set(['replaced-by', 'replaces', 'refer', 'seealso']);

function period(value: unknown, path: string): void {
  if (value === undefined) return;
  if (!isObject(value)) throw new Refusal(path, 'must be a period');
  const { start, end } = value as Period;
  for (const [key, date] of [['start', start], ['end', end]] as const) {
    if (date !== undefined && !isDateTime(date)) throw new Refusal(`${path}.${key}`, 'must be a date');
  }
  if (start !== undefined && end !== undefined && isAfter(start, end)) throw new Refusal(path, 'ends before it starts');
}

function isDate(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  return isCalendarDate(value) || (/^\d{4}(-\d{2})?$/.test(value) && isCalendarDate(`${value}-01-01`.slice(0, 10)));
}

function isDateTime(value: unknown): value is string {
  if (isDate(value)) return true;
  if (typeof value !== 'string' || value[10] !== 'T' || !isCalendarDate(value.slice(0, 10))) return false;
  return /^T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?$/.test(value.slice(10));
}

/** Only as exactly as both are known: the month 2020-05 is not after the day 2020-05-04. */
function isAfter(one: string, other: string): boolean {
  const known = Math.min(one.length, other.length, 10);
  return one.slice(0, known) > other.slice(0, known);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function required(value: unknown, allowed: Set<string>, path: string): void {
  if (value === undefined) throw new Refusal(path, 'is missing');
  oneOf(value, allowed, path);
}

function oneOf(value: unknown, allowed: Set<string>, path: string): void {
  if (value !== undefined && !(typeof value === 'string' && allowed.has(value))) throw new Refusal(path, `must be one of ${[...allowed].join(', ')}`);
}

function text(value: unknown, path: string, longest: number): void {
  if (value === undefined) throw new Refusal(path, 'is missing');
  if (typeof value !== 'string' || value.trim() === '' || value.length > longest) throw new Refusal(path, `must be text of 1 to ${longest} letters`);
}

function strings(values: unknown, path: string, most: number, check: (value: unknown, path: string) => void): void {
  if (values === undefined) return;
  if (!Array.isArray(values)) throw new Refusal(path, 'must be a list');
  if (values.length > most) throw new Refusal(path, `has more than ${most}`);
  values.forEach((value, at) => check(value, `${path}[${at}]`));
}

function each<T extends object>(values: T[] | undefined, path: string, most: number, check: (value: T, path: string) => void): void {
  strings(values, path, most, (value, at) => {
    if (!isObject(value)) throw new Refusal(at, 'must be an object');
    check(value as T, at);
  });
}

const DEEPEST = 12;
const CONTROL_CHARACTERS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** What no element may hold, whatever it is: it could not be stored, sent or shown. */
function wellFormed(value: unknown, path: string, depth: number): void {
  if (typeof value === 'string') {
    if (CONTROL_CHARACTERS.test(value) || !value.isWellFormed()) throw new Refusal(path, 'has a character that text cannot have');
  } else if (typeof value === 'object' && value !== null) {
    if (depth > DEEPEST) throw new Refusal(path, 'is nested too deeply');
    // parts below an element that we know are named by that element: their own names may be anything
    const inner = (key: string) => (depth === 0 && TAKEN.has(key) ? `${path}.${key}` : path);
    for (const [key, part] of Object.entries(value)) wellFormed(part, Array.isArray(value) ? path : inner(key), depth + 1);
  }
}

const LISTS_WITH_IDS = ['name', 'address', 'telecom', 'contact', 'generalPractitioner'] as const;
const VERIFIED = { code: '01', display: 'Number present and verified', version: '1.0.0' };

function completed(patient: Patient): Patient {
  if (!patient.identifier?.length) patient.identifier = [
    {
      system: NHS_NUMBER_SYSTEM,
      value: patient.id,
      extension: [
        {
          url: EXTENSION_URLS.verificationStatus,
          valueCodeableConcept: { coding: [{ system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus', ...VERIFIED }] },
        },
      ],
    },
  ];
  if (!patient.meta!.security?.length) patient.meta!.security = [{ system: CONFIDENTIALITY_SYSTEM, code: 'U', display: 'unrestricted' }];
  for (const address of patient.address ?? []) withBlankLines(address);
  for (const list of LISTS_WITH_IDS) {
    const items: { id?: string }[] = patient[list] ?? [];
    const ids = new Set<string>();
    items.forEach((item, at) => {
      item.id ??= objectId(`${patient.id}/${list}/${at}`);
      if (typeof item.id !== 'string' || item.id === '' || item.id.length > 64) throw new Refusal(`Patient.${list}[${at}].id`, 'must be text of 1 to 64 letters');
      if (ids.has(item.id)) throw new Refusal(`Patient.${list}[${at}].id`, 'is that of another item of the list');
      ids.add(item.id);
    });
  }
  return patient;
}

/** A record keeps the place of a blank line by an empty string; FHIR does so by a null and an extension beside it. */
function withBlankLines(address: Address & { _line?: unknown }): void {
  if (address.line?.some((line: string | null) => line === null)) address.line = address.line.map((line: string | null) => line ?? '');
  delete address._line;
}

/** The same for the same place, so that a repeated import gives the same record. */
function objectId(place: string): string {
  return createHash('sha256').update(place).digest('hex').slice(0, 8).toUpperCase();
}
