import type { Content, DocumentReference, Provider } from '../apis/record-locator-api';
import { dateIn, type Errors, type Field, type Values, checkForm } from '../forms/form';
import { dateInWords, londonDate } from '../pages/words';

export type Way = 'pdf' | 'page' | 'data' | 'viewer' | 'contact';

const MECHANISM = 'https://fhir.nhs.uk/England/StructureDefinition/Extension-England-NRLRetrievalMechanism';
const CONTACT_DETAILS = 'urn:nhs-ic:record-contact';

/** What opening a content does, in words; and what its link says. */
export const WAYS: Record<Way, { format: string; opens: string; link: string }> = {
  pdf: { format: 'PDF', opens: 'Opens in this window, or as a file', link: 'Open' },
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
  /** FHIR date, Europe/London, as precise as is known. */
  day: string;
  date: string;
  /** What the date is of, where it is not that of the document. */
  dateOf: string;
  setting: string;
  contents: RecordContent[];
}

/**
 * When the document was made; else when the care that it is about began; else when it was registered here.
 *
 * @see record locator specification, "Elements": `attachment.creation`, `context.period`, `date`
 */
function dateOf({ content, context, date }: DocumentReference): { day: string; dateOf: string } {
  const made = dayIn(content.map(({ attachment }) => attachment.creation).find((creation) => dayIn(creation)));
  const began = dayIn(context?.period?.start);
  if (made) return { day: made, dateOf: '' };
  return began ? { day: began, dateOf: 'start of care' } : { day: londonDate(new Date(date)), dateOf: 'registered here' };
}

/** Of a FHIR dateTime; '' when it is none. */
function dayIn(dateTime = ''): string {
  if (/^\d{4}(-\d\d){0,2}$/.test(dateTime)) return dateTime;
  return Number.isNaN(Date.parse(dateTime)) ? '' : londonDate(new Date(dateTime));
}

/** A part of an organisation (`ODS.SUFFIX`) goes by the name of the whole. */
export const holderOf = (custodian: string, providers: ReadonlyMap<string, Provider>): Provider | undefined =>
  providers.get(custodian) ?? providers.get(custodian.split('.')[0] ?? '');

export function describeRecord(pointer: DocumentReference, providers: ReadonlyMap<string, Provider>): RecordEntry {
  const type = pointer.type.coding?.[0];
  const custodianCode = pointer.custodian.identifier?.value ?? '';
  const dated = dateOf(pointer);
  return {
    id: pointer.id,
    type: type?.display ?? 'Document',
    typeCode: type?.code ?? '',
    category: pointer.category[0]?.coding?.[0]?.display ?? 'Other',
    custodian: holderOf(custodianCode, providers)?.name ?? '',
    custodianCode,
    ...dated,
    date: dateInWords(dated.day),
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
      (!type || typeCode === type) && (!organisation || custodianCode === organisation) && (!from || day >= from.slice(0, day.length)) && (!to || day <= to.slice(0, day.length)),
  );
}

/** Under the heading of its category, or of its year, in the order given. */
export function grouped(records: readonly RecordEntry[], by: 'category' | 'year'): { title: string; records: RecordEntry[] }[] {
  const groups = new Map<string, RecordEntry[]>();
  for (const record of records) {
    const title = by === 'year' ? record.day.slice(0, 4) : record.category;
    groups.set(title, [...(groups.get(title) ?? []), record]);
  }
  return [...groups].map(([title, entries]) => ({ title, records: entries }));
}
