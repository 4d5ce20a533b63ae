import type { Coding } from '../pointers/document-reference';
import data from './pointer-types.json';

export interface PointerType extends Required<Coding> {
  /** The one category that goes with it. */
  category: Required<Coding>;
}

export const SNOMED = 'http://snomed.info/sct';

/** By code: no two systems share one. @see record locator specification, "Pointer types" */
export const POINTER_TYPES: ReadonlyMap<string, PointerType> = new Map(
  data.types.map(({ system, code, display, category }) => [code, { system, code, display, category }]),
);

export const CATEGORIES: ReadonlyMap<string, Required<Coding>> = new Map(data.categories.map((category) => [category.code, category]));

/** `http://snomed.info/sct|736253002`, as permissions and searches name a type. */
export const tokenOf = ({ system, code }: Required<Coding>): string => `${system}|${code}`;

export const POINTER_TYPE_TOKENS: ReadonlyMap<string, string> = new Map(
  [...POINTER_TYPES.values()].map((type) => [tokenOf(type), type.code]),
);

const ENGLAND = 'https://fhir.nhs.uk/England';
const JSON_TYPES = ['application/json', 'application/fhir+json', 'application/json+fhir'];

export const CONTENT_TYPES: readonly string[] = ['application/pdf', 'text/html', ...JSON_TYPES];

/** A closed set of codes with their displays. */
export interface CodeTable {
  system: string;
  displays: Record<string, string>;
}

export const FORMATS = {
  system: `${ENGLAND}/CodeSystem/England-NRLFormatCode`,
  displays: {
    'urn:nhs-ic:record-contact': 'Contact details (HTTP Unsecured)',
    'urn:nhs-ic:unstructured': 'Unstructured Document',
    'urn:nhs-ic:structured': 'Structured Document',
  },
} satisfies CodeTable;

/** Media types that go with each format. */
export const CONTENT_TYPES_OF_FORMAT: Record<string, readonly string[]> = {
  'urn:nhs-ic:record-contact': ['text/html'],
  'urn:nhs-ic:unstructured': ['application/pdf'],
  'urn:nhs-ic:structured': [...JSON_TYPES, 'text/html'],
};

export const CONTENT_STABILITY = {
  url: `${ENGLAND}/StructureDefinition/Extension-England-ContentStability`,
  system: `${ENGLAND}/CodeSystem/England-NRLContentStability`,
  displays: { static: 'Static', dynamic: 'Dynamic' },
} satisfies CodeTable & { url: string };

export const RETRIEVAL_MECHANISM = {
  url: `${ENGLAND}/StructureDefinition/Extension-England-NRLRetrievalMechanism`,
  system: `${ENGLAND}/CodeSystem/England-NRLRetrievalMechanism`,
  displays: { Direct: 'Direct', SSP: 'Spine Secure Proxy', LDR: 'Large Document Retrieval', InContext: 'Direct using In-Context' },
} satisfies CodeTable & { url: string };

/**
 * Displays of the practice settings that the sources name. The whole of England-PracticeSetting is not among them, so any other SNOMED CT
 * concept is taken with the display that comes with it.
 */
export const PRACTICE_SETTINGS: Record<string, string> = {
  '310000008': 'Accident and Emergency service',
  '310073009': 'Palliative care service',
  '708168004': 'Mental health service',
  '788002001': 'Adult mental health service',
  '788007007': 'General practice service',
};

export const NHS_NUMBER_SYSTEM = 'https://fhir.nhs.uk/Id/nhs-number';
export const ODS_SYSTEM = 'https://fhir.nhs.uk/Id/ods-organization-code';
export const ASID_SYSTEM = 'https://fhir.nhs.uk/Id/nhsSpineASID';

export const RELATIONS: readonly string[] = ['replaces', 'transforms', 'signs', 'appends', 'incorporates', 'summarizes'];

/**
 * Whether a code can be a SNOMED CT concept: 6 to 18 digits, the partition of concepts, and a right check digit.
 *
 * @see SNOMED CT, Component identifiers: partition identifier 00 or 10; Verhoeff check digit
 */
export function isSnomedConcept(code: string): boolean {
  if (!/^[1-9]\d{2,14}[01]0\d$/.test(code)) return false;
  let check = 0;
  for (let i = 0; i < code.length; i++) {
    check = DIHEDRAL[check]![PERMUTATIONS[i % 8]![Number(code[code.length - 1 - i])]!]!;
  }
  return check === 0;
}

const DIHEDRAL = Array.from({ length: 10 }, (_, row) =>
  Array.from({ length: 10 }, (_, column) => {
    const [turn, step] = [Math.floor(row / 5), row % 5];
    const [otherTurn, otherStep] = [Math.floor(column / 5), column % 5];
    return turn === 0 ? 5 * otherTurn + ((step + otherStep) % 5) : 5 * (1 - otherTurn) + ((step - otherStep + 5) % 5);
  }),
);
const PERMUTATION = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
const PERMUTATIONS = Array.from({ length: 7 }).reduce<number[][]>(
  (rows) => [...rows, rows.at(-1)!.map((digit) => PERMUTATION[digit]!)],
  [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
);
