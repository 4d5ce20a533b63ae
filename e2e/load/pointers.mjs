import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';

/*
 * Pointers to load, requests for them, and what they are measured against. Numbers are made from an index, so that any can be asked for.
 */
export const CONSUMER = '/record-locator/consumer/FHIR/R4/DocumentReference';
export const PRODUCER = '/record-locator/producer/FHIR/R4/DocumentReference';
export const ORGANISATION = 'RZZ02';
const SNOMED = 'http://snomed.info/sct';
const ENGLAND = 'https://fhir.nhs.uk/England';
const CARE_PLAN = { system: SNOMED, code: '734163000', display: 'Care plan' };
const TYPES = [
  { system: SNOMED, code: '861421000000109', display: 'End of life care coordination summary' },
  { system: SNOMED, code: '887701000000100', display: 'Emergency health care plan' },
  { system: SNOMED, code: '736253002', display: 'Mental health crisis plan' },
  { system: SNOMED, code: '736366004', display: 'Advance care plan' },
];

/** How many pointers a patient has, on average. */
const POINTERS_EACH = 4;

/** The NHS number of the n-th patient: of two neighbours at least one has a check digit. */
export function numberOf(n) {
  for (let nine = 900_000_000 + 2 * n; ; nine++) {
    let sum = 0;
    for (let i = 0, rest = nine; i < 9; i++, rest = Math.floor(rest / 10)) sum += (rest % 10) * (i + 2);
    const check = (11 - (sum % 11)) % 11;
    if (check !== 10) return `${nine}${check}`;
  }
}

export const patientsOf = (pointers) => Math.max(1, Math.floor(pointers / POINTERS_EACH));

export function pointerOf(n, patients) {
  const type = TYPES[n % TYPES.length];
  const ods = { identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: ORGANISATION } };
  return {
    resourceType: 'DocumentReference',
    status: 'current',
    docStatus: 'final',
    type: { coding: [type] },
    category: [{ coding: [CARE_PLAN] }],
    // far apart in the file, as producers send them: a patient's pointers lie on pages of their own
    subject: { identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: numberOf((n * 7919) % patients) } },
    author: [ods],
    custodian: ods,
    description: `Care plan ${n}`,
    content: [
      {
        attachment: {
          contentType: 'application/pdf',
          language: 'en-GB',
          url: `https://records.example.nhs.uk/care-plans/${n}.pdf`,
          title: type.display,
          creation: '2026-09-14',
        },
        format: {
          system: `${ENGLAND}/CodeSystem/England-NRLFormatCode`,
          code: 'urn:nhs-ic:unstructured',
          display: 'Unstructured Document',
        },
        extension: [
          {
            url: `${ENGLAND}/StructureDefinition/Extension-England-ContentStability`,
            valueCodeableConcept: {
              coding: [{ system: `${ENGLAND}/CodeSystem/England-NRLContentStability`, code: 'static', display: 'Static' }],
            },
          },
        ],
      },
    ],
    context: { practiceSetting: { coding: [{ system: SNOMED, code: '310073009', display: 'Palliative care service' }] } },
  };
}

/** Writes pointers as the import takes them, under ids of their own. */
export async function writePointers(file, from, to, patients) {
  const out = createWriteStream(file);
  for (let n = from; n < to;) {
    let lines = '';
    for (const end = Math.min(to, n + 1000); n < end; n++)
      lines += `${JSON.stringify({ ...pointerOf(n, patients), id: `${ORGANISATION}-load${n}` })}\n`;
    if (!out.write(lines)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}

const pick = (n) => Math.floor(Math.random() * n);
const many = (make) => Array.from({ length: 2000 }, make);
const headersOf = (token) => ({
  authorization: `Bearer ${token}`,
  'x-request-id': randomUUID(),
  'nhsd-end-user-organisation-ods': ORGANISATION,
});
const subjectOf = (patients) => `subject:identifier=${encodeURIComponent(`https://fhir.nhs.uk/Id/nhs-number|${numberOf(pick(patients))}`)}`;

/** Requests of each scenario, as autocannon takes them. */
export function pointerScenarios({ token, patients }) {
  const search = () => ({
    method: 'GET',
    path: `${CONSUMER}?${subjectOf(patients)}&type=${encodeURIComponent(`${SNOMED}|${TYPES[pick(TYPES.length)].code}`)}`,
    headers: headersOf(token),
  });
  const searchAll = () => ({ method: 'GET', path: `${CONSUMER}?${subjectOf(patients)}`, headers: headersOf(token) });
  const create = () => ({
    method: 'POST',
    path: PRODUCER,
    headers: { ...headersOf(token), 'content-type': 'application/fhir+json' },
    body: JSON.stringify(pointerOf(pick(1_000_000), patients)),
  });
  const count = () => ({ method: 'GET', path: `${CONSUMER}?${subjectOf(patients)}&_summary=count`, headers: headersOf(token) });
  return { pointers: many(search), 'pointers-all': many(searchAll), 'pointers-count': many(count), 'pointers-create': many(create) };
}

/** The same pointers from the bare handler. */
export const barePointerRequests = (patients) =>
  many(() => ({ method: 'GET', path: `/DocumentReference/${numberOf(pick(patients))}/${TYPES[pick(TYPES.length)].code}` }));
