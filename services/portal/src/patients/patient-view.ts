import { EXTENSION_URLS, type Address, type ContactPoint, type Patient, type Period } from '@carespine/fhir';
import { ageInWords, bannerName, dateInWords, fullName, GENDERS, londonDate } from '../pages/words';
import { ADDRESS_USES, contactKind, CONTACT_METHODS, countryName, LANGUAGES, NAME_USES, textOf, WRITTEN_FORMATS } from './code-lists';
import {
  addressOf,
  codeOf,
  confidentiality,
  currentOf,
  deathStatus,
  extensionOf,
  isRestricted,
  previousOf,
  shownRecord,
  usualName,
} from './patient-record';

export interface Row {
  key: string;
  /** One line each; none means that nothing is recorded. */
  lines: string[];
  /** Small print below, e.g. a period. */
  note?: string;
  /** Slug of the edit page. */
  edit?: string;
}

export interface Section {
  id: string;
  title: string;
  rows: Row[];
}

export interface PatientBanner {
  name: string;
  nhsNumber: string;
  born: string;
  age: string;
  gender: string;
  died: string;
  /** Age at death. */
  ageAtDeath: string;
  restricted: boolean;
}

export interface PatientView {
  banner: PatientBanner;
  sections: Section[];
  history: Section[];
  restricted: boolean;
  /** Name and birth date are hidden too. */
  veryRestricted: boolean;
}

export function bannerOf(record: Patient, now: Date): PatientBanner {
  const patient = shownRecord(record);
  const died = patient.deceasedDateTime?.slice(0, 10);
  const restricted = isRestricted(record);
  const absent = restricted ? 'Not shown' : 'Not recorded';
  return {
    name: bannerName(usualName(patient)) || (restricted ? 'Name not shown' : 'Name not recorded'),
    nhsNumber: patient.id,
    born: dateInWords(patient.birthDate) || absent,
    age: died ? '' : ageInWords(patient.birthDate, londonDate(now)),
    gender: GENDERS[patient.gender ?? ''] ?? 'Not recorded',
    died: dateInWords(died),
    ageAtDeath: died ? ageInWords(patient.birthDate, died) : '',
    restricted,
  };
}

/** A patient's record in the words and the order of the page. */
export function describePatient(record: Patient, now: Date): PatientView {
  const patient = shownRecord(record);
  const restricted = isRestricted(record);
  const located = (section: Section): Section[] => (restricted ? [] : [section]);
  return {
    banner: bannerOf(record, now),
    restricted,
    veryRestricted: restricted && confidentiality(record) !== 'R',
    sections: [
      { id: 'names', title: 'Names', rows: nameRows(patient, now) },
      { id: 'personal', title: 'Personal details', rows: personalRows(patient, restricted) },
      ...located({ id: 'addresses', title: 'Addresses', rows: addressRows(patient, now) }),
      ...located({ id: 'contact', title: 'Phone and email', rows: contactRows(patient, now) }),
      ...located({ id: 'gp', title: 'GP practice and pharmacies', rows: providerRows(patient) }),
      { id: 'communication', title: 'Communication', rows: communicationRows(patient) },
      { id: 'registration', title: 'Registration', rows: registrationRows(patient, record) },
    ],
    history: historyOf(patient, now),
  };
}

function nameRows(patient: Patient, now: Date): Row[] {
  const usual = usualName(patient);
  return [
    { key: 'Usual name', lines: some(fullName(usual)), edit: 'name' },
    ...currentOf(patient.name, now)
      .filter((name) => name !== usual && (name.use === 'nickname' || name.use === 'temp'))
      .map((name) => ({ key: NAME_USES[name.use ?? ''] ?? 'Name', lines: some(fullName(name)), ...during(name.period) })),
  ];
}

function personalRows(patient: Patient, restricted: boolean): Row[] {
  const birthPlace = extensionOf(patient, EXTENSION_URLS.birthPlace)?.valueAddress;
  const order = patient.multipleBirthInteger;
  const status = deathStatus(patient);
  const died = patient.deceasedDateTime;
  return [
    { key: 'Date of birth', lines: some(dateInWords(patient.birthDate)), edit: 'birth-date' },
    { key: 'Gender', lines: some(GENDERS[patient.gender ?? '']), edit: 'gender' },
    ...(restricted
      ? []
      : [
          {
            key: 'Place of birth',
            lines: some(
              [birthPlace?.city, birthPlace?.district, birthPlace?.country && countryName(birthPlace.country)].filter(Boolean).join(', '),
            ),
          },
        ]),
    ...(order && order <= 7 ? [{ key: 'Birth order', lines: [`Number ${order} of a multiple birth`] }] : []),
    {
      key: 'Death',
      lines: died ? [`Died ${dateInWords(died)}`] : [],
      ...(died && {
        note:
          status === '2'
            ? 'Registered: formal notice from the Registrar of Deaths'
            : status === '1'
              ? 'Informal: reported by a local organisation'
              : undefined,
      }),
      ...(status !== '2' && { edit: 'death' }),
    },
  ];
}

function addressRows(patient: Patient, now: Date): Row[] {
  const row = (use: Address['use'], key: string, edit: string): Row => {
    const address = addressOf(patient, use, now);
    return { key, lines: addressLines(address), edit, ...(address && during(address.period)) };
  };
  const today = londonDate(now);
  const letters = (['billing', 'temp', 'home'] as const).find((use) => {
    const address = addressOf(patient, use, now);
    return address && (address.period?.start ?? '') <= today;
  });
  return [
    row('home', 'Home', 'home-address'),
    row('temp', 'Temporary', 'temporary-address'),
    row('billing', 'Correspondence', 'correspondence-address'),
    ...(letters ? [{ key: 'Send letters to', lines: [`${ADDRESS_USES[letters] ?? 'Address'}`] }] : []),
  ];
}

function contactRows(patient: Patient, now: Date): Row[] {
  const points = currentOf(patient.telecom, now);
  return [
    ...(points.length > 0
      ? points.map((point, index) => ({
          key: contactKind(point.system, point.use),
          lines: some(point.value),
          ...(index === 0 && { edit: 'contact-details' }),
        }))
      : [{ key: 'Phone and email', lines: [], edit: 'contact-details' }]),
    ...(patient.contact ?? []).map((contact) => ({
      key: 'Emergency contact',
      lines: (contact.telecom ?? []).flatMap(({ value }) => some(value)),
      ...during(contact.period),
    })),
  ];
}

function providerRows(patient: Patient): Row[] {
  const practice = patient.generalPractitioner?.[0]?.identifier;
  const pharmacy = (key: string, url: string): Row => ({ key, lines: some(extensionOf(patient, url)?.valueReference?.identifier?.value) });
  return [
    { key: 'GP practice', lines: some(practice?.value), edit: 'gp-practice', ...during(practice?.period) },
    pharmacy('Nominated pharmacy', EXTENSION_URLS.nominatedPharmacy),
    pharmacy('Dispensing doctor', EXTENSION_URLS.dispensingDoctor),
    pharmacy('Appliance supplier', EXTENSION_URLS.applianceSupplier),
  ];
}

function communicationRows(patient: Patient): Row[] {
  const communication = extensionOf(patient, EXTENSION_URLS.communication);
  const preference = extensionOf(patient, EXTENSION_URLS.contactPreference);
  const language = codeOf(communication, 'language');
  const interpreter = extensionOf(communication, 'interpreterRequired')?.valueBoolean;
  const method = codeOf(preference, 'PreferredContactMethod');
  const format = codeOf(preference, 'PreferredWrittenCommunicationFormat');
  const times = extensionOf(preference, 'PreferredContactTimes')?.valueString;
  return [
    { key: 'Language', lines: some(language.code && textOf(LANGUAGES, language.code)), edit: 'communication' },
    { key: 'Interpreter', lines: interpreter === undefined ? [] : [interpreter ? 'Needed' : 'Not needed'] },
    {
      key: 'Best way to contact',
      lines: some(method.code && textOf(CONTACT_METHODS, method.code)),
      edit: 'contact-preference',
      ...(times && { note: times }),
    },
    { key: 'Written format', lines: some(format.code && textOf(WRITTEN_FORMATS, format.code)) },
  ];
}

function registrationRows(patient: Patient, record: Patient): Row[] {
  const removal = extensionOf(patient, EXTENSION_URLS.removal);
  const reason = codeOf(removal, 'removalFromRegistrationCode');
  const when = extensionOf(removal, 'effectiveTime')?.valuePeriod;
  const verification = record.identifier?.[0]?.extension?.[0]?.valueCodeableConcept?.coding?.[0]?.display;
  return [
    { key: 'NHS number', lines: some(verification) },
    ...(reason.code ? [{ key: 'Removed from GP registration', lines: [reason.display], ...during(when) }] : []),
    { key: 'Version of this record', lines: some(record.meta?.versionId) },
  ];
}

function historyOf(patient: Patient, now: Date): Section[] {
  const usual = usualName(patient);
  const formerNames = [
    ...currentOf(patient.name, now).filter((name) => name.use === 'maiden' || name.use === 'official'),
    ...previousOf(patient.name, now).filter((name) => name !== usual),
  ];
  const sections: Section[] = [
    {
      id: 'previous-names',
      title: 'Previous names',
      rows: formerNames.map((name) => ({
        key: NAME_USES[name.use ?? ''] ?? 'Previous name',
        lines: some(fullName(name)),
        ...during(name.period),
      })),
    },
    {
      id: 'previous-addresses',
      title: 'Previous addresses',
      rows: previousOf(patient.address, now).map((address) => ({
        key: ADDRESS_USES[address.use ?? ''] ?? 'Address',
        lines: addressLines(address),
        ...during(address.period),
      })),
    },
    {
      id: 'previous-contact',
      title: 'Previous phone numbers and emails',
      rows: previousOf(patient.telecom, now).map((point: ContactPoint) => ({
        key: contactKind(point.system, point.use),
        lines: some(point.value),
        ...during(point.period),
      })),
    },
  ];
  return sections.filter(({ rows }) => rows.length > 0);
}

export const addressLines = (address: Address | undefined): string[] =>
  address
    ? [address.use === 'temp' ? address.text : undefined, ...(address.line ?? []), address.city, address.postalCode]
        .filter((line) => !!line)
        .map(String)
    : [];

const some = (text: string | undefined): string[] => (text ? [text] : []);

export function during(period: Period | undefined): { note?: string } {
  if (!period?.start && !period?.end) return {};
  const [start, end] = [dateInWords(period.start), dateInWords(period.end)];
  return { note: start && end ? `${start} to ${end}` : start ? `Since ${start}` : `Until ${end}` };
}
