import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXTENSION_URLS, type Extension, type Patient, type RelatedPerson } from '@carespine/fhir';
import { confidentialityOf, ORDINARY_VIEW, searchHit, serve, serveRelatedPerson, type View } from './serving';

const TODAY = '2026-11-24';
const PRIVILEGED: View = { ...ORDINARY_VIEW, locationOfRestricted: true };

const example = (name: string) => JSON.parse(readFileSync(join(__dirname, '../../demo', `pds-${name}.json`), 'utf8')) as Patient;
const FULL = example('Patient');

function labelled(code: string, patient = FULL): Patient {
  return { ...patient, meta: { ...patient.meta, security: [{ code }] } };
}
const urls = (patient: Patient) => (patient.extension ?? []).map(({ url }) => url);
const { nominatedPharmacy, dispensingDoctor, applianceSupplier, birthPlace } = EXTENSION_URLS;
const LOCATION = ['address', 'telecom', 'contact', 'generalPractitioner', 'managingOrganization'];
const LOCATION_EXTENSIONS: string[] = [nominatedPharmacy, dispensingDoctor, applianceSupplier, birthPlace];

describe('retrieval of an unrestricted record', () => {
  it.each(['Patient', 'Minimal_Patient', 'Sensitive_Patient'])('serves the published example %s as it stands, the very object', (name) => {
    const record = example(name);
    expect(serve(record, ORDINARY_VIEW)).toBe(record);
  });

  it('never emits links, import data, unknown extensions or more of meta than version and label', () => {
    const served = serve(
      {
        ...FULL,
        active: true,
        link: [{ type: 'replaces', other: { reference: 'Patient/9000000033' } }],
        meta: { ...FULL.meta, lastUpdated: '2026-01-01T00:00:00Z' },
        extension: [...FULL.extension!, { url: 'https://example.org/internal', valueString: 'x' }],
      } as Patient,
      ORDINARY_VIEW,
    );
    expect(served).toEqual(FULL);
  });

  it('never emits official and anonymous names', () => {
    const served = serve({ ...FULL, name: [...FULL.name!, { use: 'official', family: 'Smith' }, { use: 'anonymous', family: 'X' }] }, ORDINARY_VIEW);
    expect(served.name).toEqual(FULL.name);
  });
});

describe('redaction of restricted (R) records', () => {
  it('removes location data on retrieval and keeps name, gender, birth and death', () => {
    const served = serve(labelled('R'), ORDINARY_VIEW);
    for (const element of LOCATION) expect(served).not.toHaveProperty(element);
    expect(urls(served).filter((url) => LOCATION_EXTENSIONS.includes(url))).toEqual([]);
    expect(served).toMatchObject({ name: FULL.name, gender: FULL.gender, birthDate: FULL.birthDate, deceasedDateTime: FULL.deceasedDateTime });
    expect(urls(served)).toContain(EXTENSION_URLS.deathNotification);
  });

  it('shows location data to a privileged caller on retrieval', () => {
    const record = labelled('R');
    expect(serve(record, PRIVILEGED)).toBe(record);
  });

  it('shows no location data in a search, to nobody', () => {
    const hit = searchHit(labelled('R'), PRIVILEGED, TODAY);
    for (const element of LOCATION) expect(hit).not.toHaveProperty(element);
    expect(hit).toMatchObject({ name: FULL.name, birthDate: FULL.birthDate });
  });
});

describe('redaction of very restricted (V) records', () => {
  it.each([ORDINARY_VIEW, PRIVILEGED])('removes name, birth date and location data, for privileged callers too', (view) => {
    const served = serve(labelled('V'), view);
    for (const element of [...LOCATION, 'name', 'birthDate']) expect(served).not.toHaveProperty(element);
    expect(urls(served).filter((url) => LOCATION_EXTENSIONS.includes(url))).toEqual([]);
    expect(served.gender).toBe(FULL.gender);
  });

  it('treats an invalid record and an unknown label as very restricted', () => {
    expect(['U', 'R', 'V', 'REDACTED', 'N'].map((code) => confidentialityOf(labelled(code)))).toEqual(['U', 'R', 'V', 'V', 'V']);
    expect(confidentialityOf({ resourceType: 'Patient', id: '9990000018' })).toBe('U');
  });
});

describe('blank address lines', () => {
  const record: Patient = { ...FULL, address: [{ id: 'a', use: 'home', line: ['', '1 High Street', ' ', 'Leeds', ''], postalCode: 'LS1 6AE' }] };

  it('are not returned without the opt-in', () => {
    expect(serve(record, ORDINARY_VIEW).address![0]).toEqual({ id: 'a', use: 'home', line: ['1 High Street', 'Leeds'], postalCode: 'LS1 6AE' });
    expect(serve({ ...record, address: [{ use: 'home', line: ['', ''], postalCode: 'ZZ99 3VZ' }] }, ORDINARY_VIEW).address![0]).not.toHaveProperty('line');
  });

  it('are nulls with a data-absent extension for opted-in applications, on retrieval and search', () => {
    const view = { ...ORDINARY_VIEW, emptyAddressLines: true };
    const absent = { extension: [{ url: EXTENSION_URLS.dataAbsent, valueCode: 'unknown' }] };
    for (const { address } of [serve(record, view), searchHit(record, view, TODAY)]) {
      expect(address![0]).toMatchObject({ line: [null, '1 High Street', null, 'Leeds', null], _line: [absent, null, absent, null, absent] });
    }
  });
});

describe('removal from registration', () => {
  const removedFor = (code: string): Patient => ({
    ...FULL,
    extension: [
      {
        url: EXTENSION_URLS.removal,
        extension: [
          { url: 'removalFromRegistrationCode', valueCodeableConcept: { coding: [{ code, display: `about ${code}` }] } },
          { url: 'effectiveTime', valuePeriod: { start: '2020-01-01' } },
        ],
      },
    ],
  });
  const shown = (code: string, confidentialRemovalReasons: boolean) => {
    const [extension] = serve(removedFor(code), { ...ORDINARY_VIEW, confidentialRemovalReasons }).extension!;
    expect(extension!.extension![1]).toEqual({ url: 'effectiveTime', valuePeriod: { start: '2020-01-01' } });
    return extension!.extension![0]!.valueCodeableConcept!.coding![0];
  };

  it.each(['DEA', 'EMB', 'SCT', 'NIT', 'TRA', 'ORR'])('shows %s to all', (code) => expect(shown(code, false)).toEqual({ code, display: `about ${code}` }));
  it.each(['AFN', 'SDN'])('shows %s to opted-in applications and as ORR to others', (code) => {
    expect(shown(code, true)!.code).toBe(code);
    expect(shown(code, false)).toMatchObject({ code: 'ORR', display: 'Other reason' });
  });
  it.each(['LDN', 'XYZ'])('always shows %s as ORR', (code) => {
    expect(shown(code, true)!.code).toBe('ORR');
    expect(shown(code, false)!.code).toBe('ORR');
  });
});

describe('record-sharing consent', () => {
  const consent = (code: string): Extension => ({
    url: EXTENSION_URLS.recordSharingConsent,
    extension: [
      { url: 'consentType', valueCodeableConcept: { coding: [{ code: '4', display: 'ncrs' }] } },
      { url: 'consentValue', valueCodeableConcept: { coding: [{ code }] } },
    ],
  });
  const view = { ...ORDINARY_VIEW, recordSharingConsent: true };

  it('is returned to opted-in applications alone, on retrieval alone', () => {
    const record = { ...FULL, extension: [consent('2')] };
    expect(serve(record, view)).toBe(record);
    expect(serve(record, ORDINARY_VIEW)).not.toHaveProperty('extension');
    expect(searchHit(record, view, TODAY)).not.toHaveProperty('extension');
  });

  it.each(['3', '5'])('is not returned when its value is %s', (code) => expect(serve({ ...FULL, extension: [consent(code)] }, view)).not.toHaveProperty('extension'));
});

describe('search hit', () => {
  it('equals the published example of a hit', () => {
    const hit = searchHit(FULL, ORDINARY_VIEW, TODAY);
    expect(hit.address).toEqual([FULL.address![0]]);
    expect(hit.name).toEqual(FULL.name);
    expect(hit.telecom).toEqual(FULL.telecom);
    expect(hit.contact).toEqual(FULL.contact);
    expect(hit.generalPractitioner).toEqual(FULL.generalPractitioner);
    expect(urls(hit)).toEqual([EXTENSION_URLS.deathNotification]);
    expect(hit).not.toHaveProperty('managingOrganization');
  });

  it('shows current data when history produced the hit', () => {
    const hit = searchHit(
      {
        ...FULL,
        name: [
          { use: 'usual', family: 'Jones', period: { start: '2020-01-01' } },
          { use: 'maiden', family: 'Smith' },
          { use: 'nickname', family: 'Jo', period: { start: '2000-01-01', end: '2010-01-01' } },
          { use: 'temp', family: 'Doe' },
        ],
        address: [
          { use: 'home', postalCode: 'LS1 1AA', period: { start: '2000-01-01', end: '2019-12-31' } },
          { use: 'home', postalCode: 'LS2 2BB', period: { start: '2020-01-01' } },
          { use: 'billing', postalCode: 'LS3 3CC' },
        ],
        telecom: [
          { system: 'email', use: 'home', value: 'before@example.com', period: { start: '2000-01-01', end: '2019-12-31' } },
          { system: 'email', use: 'old', value: 'old@example.com' },
          { system: 'email', use: 'work', value: 'now@example.com' },
        ],
      },
      ORDINARY_VIEW,
      TODAY,
    );
    expect(hit.name!.map(({ family }) => family)).toEqual(['Jones', 'Doe']);
    expect(hit.address!.map(({ postalCode }) => postalCode)).toEqual(['LS2 2BB']);
    expect(hit.telecom!.map(({ value }) => value)).toEqual(['now@example.com']);
  });
});

describe('related person', () => {
  const person: RelatedPerson = {
    resourceType: 'RelatedPerson',
    id: 'B3380E98',
    patient: {},
    name: [{ use: 'usual', family: 'Smith' }],
    address: [{ use: 'home', line: ['', '1 High Street'], postalCode: 'LS1 6AE' }],
    telecom: [{ system: 'phone', value: '01632960587' }],
  };

  it('loses address and telecom when the referenced person is restricted, and the name too when very restricted', () => {
    expect(serveRelatedPerson(person, 'R', PRIVILEGED)).not.toHaveProperty('address');
    expect(serveRelatedPerson(person, 'R', PRIVILEGED)).not.toHaveProperty('telecom');
    expect(serveRelatedPerson(person, 'R', PRIVILEGED)).toHaveProperty('name');
    expect(serveRelatedPerson(person, 'V', PRIVILEGED)).not.toHaveProperty('name');
  });

  it('has its blank address lines dropped', () => expect(serveRelatedPerson(person, 'U', ORDINARY_VIEW).address![0]!.line).toEqual(['1 High Street']));
});
