import type { Patient, RelatedPerson } from '@carespine/fhir';
import { Fault, searchset } from '@carespine/fhir';
import Fastify, { type FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import { applyPatch, type Operation } from 'rfc6902';
import type { AuditEvent } from './audit-api';

export interface SeenCall {
  method: string;
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body: unknown;
}

const UK_CORE = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-';
const nhsNumberOf = (value: string) => [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value }];
const labelled = (versionId: string, code = 'U') => ({
  versionId,
  security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code }],
});

/** The national sandbox's example patient, with a history. */
export const jane = (): Patient => ({
  resourceType: 'Patient',
  id: '9000000009',
  identifier: [
    {
      ...nhsNumberOf('9000000009')[0],
      extension: [
        {
          url: `${UK_CORE}NHSNumberVerificationStatus`,
          valueCodeableConcept: { coding: [{ code: '01', display: 'Number present and verified' }] },
        },
      ],
    },
  ],
  meta: labelled('2'),
  name: [
    { id: 'N0', use: 'maiden', family: 'Jones', given: ['Jane', 'Marie'], prefix: ['Miss'], period: { start: '1985-03-04', end: '2011-06-17' } },
    { id: 'N1', use: 'usual', family: 'Smith', given: ['Jane', 'Marie'], prefix: ['Mrs'], suffix: ['MBE'], period: { start: '2011-06-18' } },
    { id: 'N2', use: 'nickname', family: 'Smith', given: ['Janey'] },
  ],
  gender: 'female',
  birthDate: '1985-03-04',
  multipleBirthInteger: 1,
  generalPractitioner: [
    {
      id: '254406A3',
      type: 'Organization',
      identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'Y12345', period: { start: '2024-01-01' } },
    },
  ],
  address: [
    { id: 'A0', use: 'home', line: ['12 Mill Lane', 'Otley'], postalCode: 'LS21 1AA', period: { start: '2003-09-01', end: '2011-06-17' } },
    {
      id: 'A1',
      use: 'home',
      line: ['1 Trevelyan Square', 'Boar Lane', 'City Centre', 'Leeds', 'West Yorkshire'],
      postalCode: 'LS1 6AE',
      period: { start: '2011-06-18' },
    },
    {
      id: 'A2',
      use: 'temp',
      text: 'Student Accommodation',
      line: ['Flat 3', '20 Hyde Park Road', '', 'Leeds'],
      postalCode: 'LS6 1AH',
      period: { start: '2026-10-01', end: '2099-12-29' },
    },
  ],
  telecom: [
    { id: 'T1', system: 'phone', use: 'home', value: '01632960587', period: { start: '2020-01-01' } },
    { id: 'T2', system: 'email', use: 'home', value: 'jane.smith@example.com', period: { start: '2019-01-01' } },
    { id: 'T3', system: 'phone', use: 'mobile', value: '07700900111', period: { start: '2015-01-01', end: '2019-12-31' } },
  ],
  contact: [{ id: 'C1', relationship: [{ coding: [{ code: 'C' }] }], telecom: [{ system: 'phone', value: '01632960999' }] }],
  extension: [
    { url: `${UK_CORE}NominatedPharmacy`, valueReference: { identifier: { value: 'FA123' } } },
    {
      url: `${UK_CORE}NHSCommunication`,
      extension: [
        { url: 'language', valueCodeableConcept: { coding: [{ system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-HumanLanguage', code: 'fr', display: 'French' }] } },
        { url: 'interpreterRequired', valueBoolean: true },
      ],
    },
    {
      url: `${UK_CORE}ContactPreference`,
      extension: [
        { url: 'PreferredWrittenCommunicationFormat', valueCodeableConcept: { coding: [{ code: '12', display: 'Braille' }] } },
        { url: 'PreferredContactMethod', valueCodeableConcept: { coding: [{ code: '1', display: 'Letter' }] } },
        { url: 'PreferredContactTimes', valueString: 'Not after 7pm' },
      ],
    },
    { url: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace', valueAddress: { city: 'Manchester', district: 'Greater Manchester', country: 'GBR' } },
  ],
});

/** A restricted record, with the location that an API should not have sent. */
export const janet = (): Patient => ({
  ...jane(),
  id: '9000000025',
  identifier: nhsNumberOf('9000000025'),
  meta: labelled('2', 'R'),
  name: [{ id: 'N1', use: 'usual', family: 'Smythe', given: ['Janet'], prefix: ['Mrs'] }],
});

/** Formally deceased, and no longer registered. */
export const dead = (): Patient => ({
  resourceType: 'Patient',
  id: '9000000033',
  identifier: nhsNumberOf('9000000033'),
  meta: labelled('5'),
  name: [{ id: 'N1', use: 'usual', family: 'Smith', given: ['Horace'], prefix: ['Mr'] }],
  gender: 'male',
  birthDate: '1930-11-02',
  deceasedDateTime: '2024-02-11T00:00:00+00:00',
  extension: [
    { url: `${UK_CORE}DeathNotificationStatus`, extension: [{ url: 'deathNotificationStatus', valueCodeableConcept: { coding: [{ code: '2' }] } }] },
    {
      url: 'https://fhir.nhs.uk/StructureDefinition/Extension-PDS-RemovalFromRegistration',
      extension: [
        { url: 'removalFromRegistrationCode', valueCodeableConcept: { coding: [{ code: 'DEA', display: 'Death' }] } },
        { url: 'effectiveTime', valuePeriod: { start: '2024-02-11' } },
      ],
    },
  ],
});

const guardian: RelatedPerson = {
  resourceType: 'RelatedPerson',
  id: '507B7621',
  patient: { identifier: { value: '9000000009' } },
  name: [{ use: 'usual', family: 'Smith', given: ['Daniel'], prefix: ['Mr'] }],
  relationship: [{ coding: [{ code: 'Guardian' }, { code: 'SPS' }] }],
  address: [{ use: 'home', line: ['1 Trevelyan Square', 'Boar Lane', 'Leeds'], postalCode: 'LS1 6AE' }],
  telecom: [{ system: 'phone', value: '01632960587' }],
  extension: [{ url: `${UK_CORE}ContactRank`, valuePositiveInt: 1 }],
};
const child: RelatedPerson = {
  resourceType: 'RelatedPerson',
  id: 'B3380E98',
  patient: { identifier: { value: '9000000017' } },
  relationship: [{ coding: [{ code: 'CHILD' }] }],
};

const anAccess = (index: number): AuditEvent => ({
  resourceType: 'AuditEvent',
  recorded: new Date(Date.parse('2026-11-24T13:45:00Z') - index * 5_400_000).toISOString(),
  subtype: [{ code: ['read', 'search-type', 'patch'][index % 3] }],
  outcome: ['0', '0', '0', '4', '8'][index % 5],
  ...(index % 5 === 3 && { outcomeDesc: 'HTTP 403' }),
  purposeOfEvent: [{ coding: [{ code: index % 7 === 6 ? 'BTG' : 'TREAT' }] }],
  agent: [
    { who: { display: 'Example University Hospitals NHS Foundation Trust', identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'RZZ01' } } },
    ...(index % 6 === 5
      ? [{ who: { display: 'Tracing application', identifier: { system: 'https://fhir.nhs.uk/Id/product-id', value: 'P.TRACE' } } }]
      : [
          {
            who: { display: ['Ngozi Okafor', 'Tomasz Wiśniewski'][index % 2], identifier: { system: 'https://fhir.nhs.uk/Id/sds-user-id', value: `55500000010${(index % 2) + 1}` } },
            role: [{ text: 'Clinical Practitioner' }],
          },
        ]),
  ],
  entity: [
    { what: { identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9000000009' } } },
    { type: { code: 'Endpoint' }, role: { code: '17' }, name: ['Retrieve patient', 'Search for patients', 'Update patient'][index % 3] },
  ],
});

/** The demographics and audit APIs as far as the pages use them: for tests, and for looking at the pages without a platform. */
export class StandInApis {
  readonly calls: SeenCall[] = [];
  readonly patients = new Map<string, Patient>([jane(), janet(), dead()].map((patient) => [patient.id, patient]));
  accesses = Array.from({ length: 45 }, (_, index) => anAccess(index));
  /** Every call is answered so, while set. */
  failWith?: number;
  failPatchWith?: number;
  private readonly server: FastifyInstance = Fastify();

  async start(): Promise<string> {
    const { server } = this;
    server.addContentTypeParser('application/json-patch+json', { parseAs: 'string' }, (_request, body, done) => done(null, JSON.parse(String(body))));
    server.addHook('preHandler', async ({ method, url, headers, body }) => void this.calls.push({ method, url, headers, body }));
    server.addHook('preHandler', async ({ method }, reply) => {
      const status = this.failWith ?? (method === 'PATCH' ? this.failPatchWith : undefined);
      return status ? reply.code(status).send({}) : undefined;
    });
    server.setErrorHandler((error, _request, reply) =>
      error instanceof Fault ? reply.code(error.status).send(error.toOperationOutcome()) : reply.code(500).send({ message: String(error) }),
    );
    server.get('/personal-demographics/FHIR/R4/Patient', ({ query }) => this.search(query as Record<string, string>));
    server.get('/personal-demographics/FHIR/R4/Patient/:id', ({ params }, reply) => {
      const patient = this.find((params as { id: string }).id);
      return reply.header('etag', `W/"${patient.meta?.versionId}"`).send(patient);
    });
    server.get('/personal-demographics/FHIR/R4/Patient/:id/RelatedPerson', ({ params }) =>
      searchset((params as { id: string }).id === '9000000009' ? [guardian, child].map((resource) => ({ fullUrl: `urn:${resource.id}`, resource })) : []),
    );
    server.patch('/personal-demographics/FHIR/R4/Patient/:id', ({ params, headers, body }) =>
      this.patch((params as { id: string }).id, headers['if-match'], (body as { patches: Operation[] }).patches),
    );
    server.get('/audit/FHIR/R4/AuditEvent', ({ query }) => this.audit(query as Record<string, string>));
    await server.listen({ port: 0, host: '127.0.0.1' });
    return `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    return this.server.close();
  }

  private find(id: string): Patient {
    const patient = this.patients.get(id === '9000000041' ? '9000000009' : id); // 9000000041 was merged into Jane's
    if (id === '9000000068') throw new Fault('INVALIDATED_RESOURCE');
    if (!patient) throw new Fault('RESOURCE_NOT_FOUND');
    return patient;
  }

  private search({ family = '' }: Record<string, string>) {
    if (family.toLowerCase() === 'many') return new Fault('TOO_MANY_MATCHES').toOperationOutcome();
    if (family.toLowerCase() === 'refused') throw new Fault('INVALID_SEARCH_DATA');
    const scores = [1, 0.8734, 0.75];
    const hits = family.toLowerCase().startsWith('sm') ? [...this.patients.values()] : [];
    return searchset(hits.map((resource, index) => ({ fullUrl: `urn:${resource.id}`, search: { score: scores[index] }, resource })).reverse());
  }

  private patch(id: string, ifMatch: string | undefined, patches: Operation[]): Patient {
    const patient = this.find(id);
    if (ifMatch !== `W/"${patient.meta?.versionId}"`) throw new Fault('RESOURCE_VERSION_MISMATCH');
    if (JSON.stringify(patches).includes('Refused')) {
      throw new Fault('INVALID_VALUE', { diagnostics: `Invalid value - 'Refused' in field '0/value/family'` });
    }
    const next = structuredClone(patient);
    for (const { path } of patches) if (path.endsWith('/-')) (next as unknown as Record<string, unknown[]>)[path.split('/')[1] ?? ''] ??= [];
    const failed = applyPatch(next, patches).find((result) => result !== null);
    if (failed) throw new Fault('INVALID_UPDATE', { diagnostics: `Invalid update with error - ${failed.message}` });
    next.meta = { ...next.meta, versionId: String(Number(patient.meta?.versionId) + 1) };
    this.patients.set(patient.id, next);
    return next;
  }

  private audit({ patient, outcome, _count = '20', _page = '0' }: Record<string, string>) {
    const events = this.accesses.filter((event) => (!outcome || event.outcome === outcome) && (!patient || patient === '9000000009'));
    const [start, count] = [Number(_page), Number(_count)];
    return {
      resourceType: 'Bundle',
      type: 'searchset',
      total: events.length,
      link: start + count < events.length ? [{ relation: 'next', url: `/audit/FHIR/R4/AuditEvent?_page=${start + count}` }] : [],
      entry: events.slice(start, start + count).map((resource) => ({ resource })),
    };
  }
}
