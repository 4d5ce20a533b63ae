import { editDistance, familyLikeness, familyWord, givenNamesLikeness, givenWords } from './name-likeness';
import type { DateRange, PatientSearchCriteria } from './search-parameters';

/** One of a person's names, current or previous, as patient_names holds it. */
export interface RecordedName {
  family: string;
  given: string[];
  previous: boolean;
}

/** What else of a record a fuzzy search weighs; arrays hold the forms of the patients table. */
export interface RecordedFacts {
  gender: string | null;
  postcodes: string[] | null;
  previous_postcodes: string[] | null;
  emails: string[] | null;
  previous_emails: string[] | null;
  phones: string[] | null;
  previous_phones: string[] | null;
  /** `yyyy-mm-dd` */
  death_date: string | null;
  general_practitioner: string | null;
  managing_organization: string | null;
}

/** How alike the names are, 0 to 1 each. */
export interface NameScore {
  family: number;
  given: number;
}

/** What each criterion counts for. The birth date always agrees: nobody else is a candidate. */
const WEIGHTS = {
  birthDate: 4,
  family: 4,
  given: 4,
  gender: 1,
  postcode: 2,
  email: 2,
  phone: 2,
  deathDate: 1,
  generalPractitioner: 1,
  managingOrganization: 1,
};

/** Below this too much differs: no hit. */
const LEAST_SCORE = 0.75;
const PREVIOUS = 0.9;
const TRANSPOSED = 0.9;
const ONE_DIGIT_WRONG = 0.7;

/**
 * Judges names against those of a fuzzy search: each part asked for must find its like, in its own place or, where both
 * parts were asked for, in the other's.
 *
 * @returns undefined for a name that cannot be the person's
 * @see demographics specification, "Matching behaviour": homophones, transposition, short forms, initials, accents
 */
export function nameScorer(asked: Pick<PatientSearchCriteria, 'family' | 'given'>): (name: RecordedName) => NameScore | undefined {
  const askedFamily = asked.family === undefined ? undefined : familyWord(asked.family);
  const askedGiven = asked.given.length === 0 ? undefined : givenWords(asked.given);
  return (name) => {
    const family = familyWord(name.family);
    const given = givenWords(name.given);
    const likeness = (factor: number, familyLike: number, givenLike: number) =>
      familyLike > 0 && givenLike > 0 ? { family: factor * familyLike, given: factor * givenLike } : undefined;

    const factor = name.previous ? PREVIOUS : 1;
    const inPlace = likeness(
      factor,
      askedFamily === undefined ? 1 : familyLikeness(askedFamily, family),
      askedGiven === undefined ? 1 : givenNamesLikeness(askedGiven, given),
    );
    if (inPlace || askedFamily === undefined || askedGiven === undefined) return inPlace;
    return likeness(
      factor * TRANSPOSED,
      familyLikeness(askedGiven.join(''), family),
      givenNamesLikeness([askedFamily], given),
    );
  };
}

/**
 * The score of a candidate whose names agree: the mean agreement of all that was asked for, by weight, to four decimals.
 *
 * An e-mail address must be right and so must a telephone number, which may have one digit wrong where the postcode is
 * right. A postcode may be wrong where both names were given: the caller then accepts it only for a single record. A death
 * date, practice or organisation merely moves the score.
 *
 * @returns undefined for no hit
 * @see demographics specification, "Matching behaviour"
 */
export function fuzzyScore(
  asked: PatientSearchCriteria,
  names: NameScore,
  facts: RecordedFacts,
): { score: number; wrongPostcode: boolean } | undefined {
  const bothNames = asked.family !== undefined && asked.given.length > 0;
  const agreement: Partial<Record<keyof typeof WEIGHTS, number>> = { birthDate: 1 };
  if (asked.family !== undefined) agreement.family = names.family;
  if (asked.given.length > 0) agreement.given = names.given;

  if (asked.gender !== undefined) {
    agreement.gender = genderAgreement(asked.gender, facts.gender);
    // Gender is not kept as history: with both names right, another one may be the previous one.
    if (agreement.gender === 0 && !bothNames) return undefined;
  }
  if (asked.postcode !== undefined) {
    agreement.postcode = held(asked.postcode, facts.postcodes, facts.previous_postcodes);
    if (agreement.postcode === 0 && !bothNames) return undefined;
  }
  if (asked.email !== undefined) {
    agreement.email = held(asked.email, facts.emails, facts.previous_emails);
    if (agreement.email === 0) return undefined;
  }
  if (asked.phone !== undefined) {
    const wanted = dialled(asked.phone);
    const phones = (facts.phones ?? []).map(dialled);
    const previous = (facts.previous_phones ?? []).map(dialled);
    agreement.phone = held(wanted, phones, previous);
    if (agreement.phone === 0) {
      if (!agreement.postcode || ![...phones, ...previous].some((phone) => editDistance(wanted, phone) === 1)) return undefined;
      agreement.phone = ONE_DIGIT_WRONG;
    }
  }
  if (asked.deathDate) agreement.deathDate = Number(within(asked.deathDate, facts.death_date));
  if (asked.generalPractitioner) agreement.generalPractitioner = Number(asked.generalPractitioner === facts.general_practitioner);
  if (asked.managingOrganization) agreement.managingOrganization = Number(asked.managingOrganization === facts.managing_organization);

  let sum = 0;
  let weights = 0;
  for (const [name, weight] of Object.entries(WEIGHTS) as [keyof typeof WEIGHTS, number][]) {
    const agrees = agreement[name];
    if (agrees === undefined) continue;
    sum += weight * agrees;
    weights += weight;
  }
  const score = Math.round((sum / weights) * 10_000) / 10_000;
  return score < LEAST_SCORE ? undefined : { score, wrongPostcode: agreement.postcode === 0 };
}

function genderAgreement(asked: string, recorded: string | null): number {
  if (asked === recorded) return 1;
  return asked === 'unknown' || recorded === 'unknown' || recorded === null ? 0.5 : 0;
}

function held(wanted: string, current: string[] | null, previous: string[] | null): number {
  if (current?.includes(wanted)) return 1;
  return previous?.includes(wanted) ? PREVIOUS : 0;
}

function dialled(phone: string): string {
  return phone.replace(/[^0-9+]/g, '');
}

function within({ from, to }: DateRange, date: string | null): boolean {
  return date !== null && from <= date && date <= to;
}
