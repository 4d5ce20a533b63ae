import type { Content, DocumentReference, Provider } from '../apis/record-locator-api';
import { dateIn, type Errors, type Field, type Values, checkForm } from '../forms/form';
import { dateInWords, londonDate } from '../pages/words';

export type Way = 'pdf' | 'page' | 'data' | 'viewer' | 'contact';

const MECHANISM = 'https://fhir.nhs.uk/England/StructureDefinition/Extension-England-NRLRetrievalMechanism';
const CONTACT_DETAILS = 'urn:nhs-ic:record-contact';

/** What opening a content does, in words; and what its link says. */
export const WAYS: Record<Way, { format: string; opens: string; link: string }> = {
  pdf: { format: 'PDF', opens: 'Downloads to this device', link: 'Download' },
  page: { format: 'Web page', opens: 'Opens in this window', link: 'Open' },
  data: { format: 'Structured record', opens: 'Opens in this window, or as a file', link: 'Open' },
  viewer: { format: 'Provider’s own viewer', opens: 'Opens in a new tab, signed in as you', link: 'Open' },
  contact: { format: 'Contact details', opens: 'Opens in a new tab', link: 'Who to contact' },
};

/** As the record locator will answer; it decides. @see record locator specification, "Choosing the route" */
export function wayOf({ attachment, format, extension }: Content): Way {
  const mechanism = extension.find(({ url }) => url === MECHANISM)?.valueCodeableConcept?.coding?.[0]?.code;
  const isProxied = /^ssp:/i.test(attachment.url);
  if (format.code === CONTACT_DETAILS && !isProxied && (mechanism === undefined || mechanism === 'Direct')) return 'contact';
  if (mechanism === 'InContext') return 'viewer';
  if (attachment.contentType === 'application/pdf') return 'pdf';
  return attachment.contentType.startsWith('text/html') ? 'page' : 'data';
}

export interface RecordContent {
  index: number;
  way: Way;
  title: string;
  /** For systems and tests to tell contents apart: `PDF`. */
  format: string;
  opens: string;
  link: string;
}

/** A pointer in the words of the page. */
export interface RecordEntry {
  id: string;
  type: string;
  typeCode: string;
  category: string;
  custodian: string;
  custodianCode: string;
  /** `yyyy-mm-dd`, Europe/London. */
  day: string;
  date: string;
  setting: string;
  contents: RecordContent[];
}

export function describeRecord(pointer: DocumentReference, providers: ReadonlyMap<string, Provider>): RecordEntry {
  const type = pointer.type.coding?.[0];
  const custodianCode = pointer.custodian.identifier?.value ?? '';
  const day = londonDate(new Date(pointer.date));
  return {
    id: pointer.id,
    type: type?.display ?? 'Document',
    typeCode: type?.code ?? '',
    category: pointer.category[0]?.coding?.[0]?.display ?? 'Other',
    // a part of an organisation (`ODS.SUFFIX`) goes by the name of the whole
    custodian: (providers.get(custodianCode) ?? providers.get(custodianCode.split('.')[0] ?? ''))?.name ?? '',
    custodianCode,
    day,
    date: dateInWords(day),
    setting: pointer.context?.practiceSetting?.coding?.[0]?.display ?? '',
    contents: pointer.content.map((content, index) => {
      const way = wayOf(content);
      return { index, way, title: content.attachment.title ?? '', ...WAYS[way] };
    }),
  };
}

const optionsOf = (pairs: [string, string][]) =>
  [...new Map(pairs)].map(([value, text]) => ({ value, text })).toSorted((a, b) => a.text.localeCompare(b.text));

/** The questions that narrow a list down: offered is what is in it. */
export const recordFilters = (records: readonly RecordEntry[]): readonly Field[] => [
  { name: 'type', label: 'Type', kind: 'select', empty: 'Any', options: optionsOf(records.map(({ typeCode, type }) => [typeCode, type])) },
  {
    name: 'organisation',
    label: 'Held by',
    kind: 'select',
    empty: 'Any',
    options: optionsOf(records.map(({ custodianCode, custodian }) => [custodianCode, custodian || custodianCode])),
  },
  { name: 'from', label: 'From', kind: 'date' },
  { name: 'to', label: 'To', kind: 'date' },
];

export function checkRecordFilters(fields: readonly Field[], values: Values): Errors {
  const errors = checkForm(fields, values);
  const [from, to] = [dateIn(values, 'from'), dateIn(values, 'to')];
  if (from && to && to < from) errors.to ??= 'The last date must be the same as or after the first date';
  return errors;
}

export function filtered(records: readonly RecordEntry[], values: Values): RecordEntry[] {
  const { type, organisation } = values;
  const [from, to] = [dateIn(values, 'from'), dateIn(values, 'to')];
  return records.filter(
    ({ typeCode, custodianCode, day }) =>
      (!type || typeCode === type) && (!organisation || custodianCode === organisation) && (!from || day >= from) && (!to || day <= to),
  );
}

/** Under the heading of its category, or of its year; in both the newest comes first. */
export function grouped(records: readonly RecordEntry[], by: 'category' | 'year'): { title: string; records: RecordEntry[] }[] {
  const groups = new Map<string, RecordEntry[]>();
  for (const record of records) {
    const title = by === 'year' ? record.day.slice(0, 4) : record.category;
    groups.set(title, [...(groups.get(title) ?? []), record]);
  }
  return [...groups].map(([title, entries]) => ({ title, records: entries }));
}
