import type { Extension, Patient } from '@carespine/fhir';

const UK_CORE = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-';

/** Urls of the extensions that the examples use, by a short name. */
export const URL = {
  pharmacy: `${UK_CORE}NominatedPharmacy`,
  dispensingDoctor: `${UK_CORE}PreferredDispenserOrganization`,
  applianceSupplier: `${UK_CORE}MedicalApplianceSupplier`,
  death: `${UK_CORE}DeathNotificationStatus`,
  communication: `${UK_CORE}NHSCommunication`,
  contactPreference: `${UK_CORE}ContactPreference`,
  birthPlace: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace',
  removal: 'https://fhir.nhs.uk/StructureDefinition/Extension-PDS-RemovalFromRegistration',
  addressKey: `${UK_CORE}AddressKey`,
  otherContactSystem: `${UK_CORE}OtherContactSystem`,
};

const ODS = 'https://fhir.nhs.uk/Id/ods-organization-code';
const period = { start: '2024-01-01' };

/** One coded part of an extension. */
export function coded(url: string, code: string, system?: string): Extension {
  return { url, valueCodeableConcept: { coding: [{ ...(system && { system }), code }] } };
}

export function deathNotification(code: string): Extension {
  return {
    url: URL.death,
    extension: [
      coded('deathNotificationStatus', code, 'https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus'),
      { url: 'systemEffectiveDate', valueDateTime: '2020-02-27T16:14:58+00:00' },
    ],
  };
}

export function addressKey(code: string, value: string): Extension {
  return {
    url: URL.addressKey,
    extension: [
      { url: 'type', valueCoding: { system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-AddressKeyType', code } },
      { url: 'value', valueString: value },
    ],
  };
}

/** A living person with something in every list; positions of the extensions are those of {@link AT}. */
export function aPatient(overrides: Partial<Patient> = {}): Patient {
  return {
    resourceType: 'Patient',
    id: '9000000009',
    identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9000000009' }],
    meta: {
      versionId: '2',
      security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'U', display: 'unrestricted' }],
    },
    name: [
      { id: '123', use: 'usual', period, given: ['Jane Marie', 'Anne'], family: 'Smith', prefix: ['Mrs'], suffix: ['MBE'] },
      { id: '124', use: 'old', period: { start: '2010-10-22', end: '2023-12-31' }, given: ['Jane'], family: 'Jones' },
    ],
    gender: 'female',
    birthDate: '2010-10-22',
    multipleBirthInteger: 1,
    address: [
      {
        id: '456',
        use: 'home',
        period,
        line: ['1 Trevelyan Square', 'Boar Lane', 'City Centre', 'Leeds', 'West Yorkshire'],
        postalCode: 'LS1 6AE',
        extension: [addressKey('PAF', '12345678'), addressKey('UPRN', '123456789012')],
      },
      {
        id: 'T456',
        use: 'temp',
        period: { start: '2026-05-01', end: '2026-07-01' },
        text: 'Student Accommodation',
        line: ['Flat 1', '23 Mill Lane', 'Boxgrove', 'Leeds'],
        postalCode: 'LS1 6AE',
      },
      { id: 'W456', use: 'work', period, line: ['2 Whitehall Quay', 'Leeds'] },
    ],
    telecom: [
      { id: '789', use: 'home', system: 'phone', value: '01632960587', period },
      { id: '790', use: 'home', system: 'email', value: 'jane.smith@example.com', period },
      { id: '791', use: 'mobile', system: 'phone', value: '07700900000', period },
      {
        id: 'OC789',
        use: 'home',
        system: 'other',
        value: '01632960587',
        period,
        extension: [
          {
            url: URL.otherContactSystem,
            valueCoding: { system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-OtherContactSystem', code: 'textphone' },
          },
        ],
      },
    ],
    contact: [
      {
        id: 'C123',
        period,
        relationship: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0131', code: 'C', display: 'Emergency Contact' }] }],
        telecom: [{ system: 'phone', value: '01632960587' }],
      },
    ],
    generalPractitioner: [{ id: '254406A3', type: 'Organization', identifier: { system: ODS, value: 'Y12345', period } }],
    managingOrganization: { type: 'Organization', identifier: { system: ODS, value: 'Y12345', period } },
    extension: [
      { url: URL.pharmacy, valueReference: { identifier: { system: ODS, value: 'Y12345' } } },
      {
        url: URL.communication,
        extension: [
          coded('language', 'fr', 'https://fhir.hl7.org.uk/CodeSystem/UKCore-HumanLanguage'),
          { url: 'interpreterRequired', valueBoolean: true },
        ],
      },
      {
        url: URL.contactPreference,
        extension: [
          coded('PreferredWrittenCommunicationFormat', '12'),
          coded('PreferredContactMethod', '1'),
          { url: 'PreferredContactTimes', valueString: 'Not after 7pm' },
        ],
      },
      { url: URL.birthPlace, valueAddress: { city: 'Manchester', district: 'Greater Manchester', country: 'GBR' } },
      { url: URL.removal, extension: [coded('removalFromRegistrationCode', 'SCT')] },
    ],
    ...overrides,
  };
}

/** Where the extensions of {@link aPatient} stand. */
export const AT = {
  pharmacy: '/extension/0',
  communication: '/extension/1',
  contactPreference: '/extension/2',
  birthPlace: '/extension/3',
  removal: '/extension/4',
};

/** {@link aPatient} without a member. */
export function aPatientWithout(...members: (keyof Patient)[]): Patient {
  const patient = aPatient();
  for (const member of members) Reflect.deleteProperty(patient, member);
  return patient;
}

/** {@link aPatient}, dead: her notification is the first extension after the others, at `/extension/5`. */
export function aDeadPatient(code: string): Patient {
  const patient = aPatient({ deceasedDateTime: '2020-02-20T00:00:00+00:00' });
  return { ...patient, extension: [...(patient.extension ?? []), deathNotification(code)] };
}

/** A record of which only the number is known. */
export function aMinimalPatient(): Patient {
  const { resourceType, id, identifier, meta } = aPatient({ id: '9000000033' });
  return { resourceType, id, identifier, meta };
}
