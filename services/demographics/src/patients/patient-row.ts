import { isCalendarDate, type Patient, type PatientLink } from '@carespine/fhir';
import { isPreviousAddress, isPreviousName, isPreviousTelecom } from './current';
import { confidentialityOf, ORDINARY_VIEW, serve, type Confidentiality } from './serving';

/** A row of `patients`; keys are the columns. */
export interface PatientRow {
  nhs_number: string;
  version: number;
  status: 'active' | 'superseded' | 'invalidated';
  superseded_by: string | null;
  confidentiality: Confidentiality;
  /** The whole Patient as FHIR JSON: the source of truth. */
  record: string;
  /** What an ordinary caller gets, where that is not the record itself. */
  served: string | null;
  birth_date: string | null;
  gender: string | null;
  death_date: string | null;
  general_practitioner: string | null;
  postcodes: string[];
  previous_postcodes: string[];
  emails: string[];
  previous_emails: string[];
  phones: string[];
  previous_phones: string[];
}

/** A row of `patient_names`: what a search by name and birth date looks at. */
export interface NameRow {
  nhs_number: string;
  birth_date: string;
  family: string;
  given: string[];
  previous: boolean;
}

export const PATIENT_COLUMNS = [
  'nhs_number', 'version', 'status', 'superseded_by', 'confidentiality', 'record', 'served', 'birth_date', 'gender', 'death_date',
  'general_practitioner', 'postcodes', 'previous_postcodes', 'emails', 'previous_emails', 'phones', 'previous_phones',
] as const satisfies (keyof PatientRow)[]; // prettier-ignore
export const NAME_COLUMNS = ['nhs_number', 'birth_date', 'family', 'given', 'previous'] as const satisfies (keyof NameRow)[];

type Searchable = Pick<
  PatientRow,
  'general_practitioner' | 'postcodes' | 'previous_postcodes' | 'emails' | 'previous_emails' | 'phones' | 'previous_phones'
>;

/**
 * The row of a record. Where a restricted or very restricted person lives stands in `record` alone: no search finds it.
 *
 * @param today London calendar date, which decides what is previous
 * @param replaced the row that this one replaces: what it held and the record no longer does stays findable as previous
 */
export function rowOf(patient: Patient, today: string, replaced?: Searchable): PatientRow {
  const superseded_by = supersededBy(patient) ?? null;
  // that a record is invalid hides nothing of a person who has another: the label of that one counts
  const confidentiality = superseded_by && isInvalidated(patient) ? 'U' : confidentialityOf(patient);
  const served = serve(patient, ORDINARY_VIEW);
  return {
    nhs_number: patient.id,
    version: Number(patient.meta?.versionId ?? 1),
    status: superseded_by ? 'superseded' : isInvalidated(patient) ? 'invalidated' : 'active',
    superseded_by,
    confidentiality,
    record: JSON.stringify(patient),
    served: served === patient ? null : JSON.stringify(served),
    birth_date: wholeDay(patient.birthDate),
    gender: patient.gender ?? null,
    death_date: wholeDay(patient.deceasedDateTime),
    ...findableBy(confidentiality, locationOf(patient, today, replaced)),
  };
}

/**
 * The names of a record by which a search finds it. A superseded record keeps its names: they lead to its successor.
 * An invalidated or very restricted record has none, nor has one without a whole birth date.
 *
 * @param replaced name rows that these replace: a name that is gone stays findable as previous
 */
export function nameRowsOf(patient: Patient, today: string, replaced: readonly NameRow[] = []): NameRow[] {
  const birth_date = wholeDay(patient.birthDate);
  const isHidden = supersededBy(patient) ? patient.meta?.security?.[0]?.code === 'V' : confidentialityOf(patient) === 'V';
  if (!birth_date || isHidden) return [];
  const names = patient.name ?? [];
  const rows: NameRow[] = [];
  for (const name of names) {
    if (!name.family) continue;
    const given = (name.given ?? []).map(nameAsSearched);
    rows.push({ nhs_number: patient.id, birth_date, family: nameAsSearched(name.family), given, previous: isPreviousName(name, names, today) });
  }
  for (const row of replaced) {
    if (!rows.some((one) => one.family === row.family && one.given.join() === row.given.join())) rows.push({ ...row, birth_date, previous: true });
  }
  return rows;
}

/** The NHS number of the record that took this one's place in a merge. */
export function supersededBy({ link }: Patient): string | undefined {
  return link ? numberOf(link.find(({ type }) => type === 'replaced-by')) : undefined;
}

function numberOf(link: PatientLink | undefined): string | undefined {
  return link?.other.identifier?.value ?? /(?:^|\/)Patient\/(\d{10})$/.exec(link?.other.reference ?? '')?.[1];
}

export function isInvalidated({ meta }: Patient): boolean {
  return meta?.security?.[0]?.code === 'REDACTED';
}

/** Case does not matter to a search; accents do, unless it is a fuzzy one. */
export function nameAsSearched(name: string): string {
  return name.normalize('NFC').trim().replace(/\s+/g, ' ').toLowerCase();
}

export function postcodeAsSearched(postcode: string): string {
  return postcode.replace(/\s/g, '').toUpperCase();
}

const NO_LOCATION: Searchable = {
  general_practitioner: null,
  postcodes: [],
  previous_postcodes: [],
  emails: [],
  previous_emails: [],
  phones: [],
  previous_phones: [],
};

/** A restricted record is not found by where its person lives or is registered; by phone or email it may be, as nationally. */
function findableBy(confidentiality: Confidentiality, location: Searchable): Searchable {
  if (confidentiality === 'U') return location;
  if (confidentiality === 'V') return NO_LOCATION;
  return { ...location, general_practitioner: null, postcodes: [], previous_postcodes: [] };
}

function locationOf(patient: Patient, today: string, replaced: Searchable = NO_LOCATION): Searchable {
  const postcodes = new CurrentAndPrevious(replaced.postcodes, replaced.previous_postcodes);
  const addresses = patient.address ?? [];
  for (const address of addresses) {
    if (address.postalCode) postcodes.add(postcodeAsSearched(address.postalCode), isPreviousAddress(address, addresses, today));
  }
  const emails = new CurrentAndPrevious(replaced.emails, replaced.previous_emails);
  const phones = new CurrentAndPrevious(replaced.phones, replaced.previous_phones);
  for (const telecom of patient.telecom ?? []) {
    if (!telecom.value) continue;
    if (telecom.system === 'email') emails.add(telecom.value.toLowerCase(), isPreviousTelecom(telecom, today));
    else if (telecom.system === 'phone') phones.add(telecom.value, isPreviousTelecom(telecom, today));
  }
  return {
    general_practitioner: patient.generalPractitioner?.[0]?.identifier?.value?.toUpperCase() ?? null,
    postcodes: postcodes.current,
    previous_postcodes: postcodes.previous(),
    emails: emails.current,
    previous_emails: emails.previous(),
    phones: phones.current,
    previous_phones: phones.previous(),
  };
}

/** Values without repeats; what is current is not previous as well. */
class CurrentAndPrevious {
  readonly current: string[] = [];
  private readonly ended: string[];

  constructor(formerlyCurrent: readonly string[], formerlyPrevious: readonly string[]) {
    this.ended = [...formerlyPrevious, ...formerlyCurrent];
  }

  add(value: string, isPrevious: boolean): void {
    const values = isPrevious ? this.ended : this.current;
    if (!values.includes(value)) values.push(value);
  }

  previous(): string[] {
    return this.ended.filter((value, at) => !this.current.includes(value) && this.ended.indexOf(value) === at);
  }
}

/** Null where only a year or a month is known. */
function wholeDay(date: string | undefined): string | null {
  const day = date?.slice(0, 10);
  return day && isCalendarDate(day) ? day : null;
}
