import { createWriteStream } from 'node:fs';
import { once } from 'node:events';

/*
 * Pointers to load. Numbers are made from an index, so that any can be asked for.
 */
export const ORGANISATION = 'RZZ02';
export const SNOMED = 'http://snomed.info/sct';
const ENGLAND = 'https://fhir.nhs.uk/England';
const CARE_PLAN = { system: SNOMED, code: '734163000', display: 'Care plan' };
export const TYPES = [
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
