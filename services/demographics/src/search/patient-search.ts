import type { QueryConfig, QueryResultRow } from 'pg';
import { fuzzyScore, nameScorer, type NameScore, type RecordedFacts, type RecordedName } from './fuzzy-score';
import { partialScore, type FoundBy } from './partial-score';
import type { PatientSearchCriteria } from './search-parameters';
import { candidateFacts, candidateNames, NAMES_READ, recordsOf, searchByFamily, successorsOf } from './search-sql';

export interface SearchHit {
  nhsNumber: string;
  /** The Patient as FHIR JSON, whole: what of it a hit shows is for the caller to decide. */
  record: string;
  /** Above 0 to 1, four decimals; 1 is an exact match. */
  score: number;
}

/** A record that matched; a superseded one stands for the person that it was merged into. */
interface Match {
  nhs_number: string;
  superseded_by: string | null;
  record?: string | null;
  score: number;
  wrongPostcode?: boolean;
}

interface Queries {
  query<R extends QueryResultRow>(query: QueryConfig): Promise<{ rows: R[] }>;
}

/** More people of an agreeing name than this are too many to weigh. */
const CANDIDATES_WEIGHED = 2_000;
/** What a match counts for that is another number's, merged into the person's since: no exact one. */
const SUPERSEDED = 0.9;

/** Finds patients by their demographics. */
export class PatientSearch {
  constructor(private readonly db: Queries) {}

  /**
   * The people who match, best first, each once; equal scores in order of NHS number.
   *
   * @returns `too-many` when more match than `maxResults`: never a part of them
   * @see demographics specification, "Matching behaviour" and "Result"
   */
  async find(criteria: PatientSearchCriteria): Promise<{ hits: SearchHit[] } | 'too-many'> {
    const matches = criteria.fuzzy ? await this.fuzzyMatches(criteria) : await this.matches(criteria);
    if (matches === 'too-many') return matches;
    const people = withTolerablePostcode(await this.people(matches)).filter(({ score }) => !criteria.exactOnly || score === 1);
    if (people.length > criteria.maxResults) return 'too-many';

    const missing = people.filter(({ record }) => !record).map(({ nhs_number }) => nhs_number);
    const { rows } = missing.length > 0 ? await this.db.query<Match>(recordsOf(criteria, missing)) : { rows: [] };
    const records = new Map(rows.map(({ nhs_number, record }) => [nhs_number, record]));
    const hits = people.flatMap(({ nhs_number, record, score }) => {
      const found = record ?? records.get(nhs_number);
      return found ? { nhsNumber: nhs_number, record: found, score } : [];
    });
    return { hits: hits.sort((a, b) => b.score - a.score || (a.nhsNumber < b.nhsNumber ? -1 : 1)) };
  }

  private async matches(criteria: PatientSearchCriteria): Promise<Match[] | 'too-many'> {
    const { family, given, postcode, maxResults, exactOnly } = criteria;
    if (exactOnly && [family, given[0], postcode].some((value) => value?.includes('*'))) return [];
    // Room for a person's several names and for superseded numbers: a full page is more people than that.
    const rowLimit = 3 * maxResults + 50;
    const { rows } = await this.db.query<FoundBy & Match>(searchByFamily(criteria, rowLimit));
    if (rows.length === rowLimit) return 'too-many';
    return rows.map((row) => ({ ...row, score: partialScore(criteria, row) }));
  }

  private async fuzzyMatches(criteria: PatientSearchCriteria): Promise<Match[] | 'too-many'> {
    const { rows: names } = await this.db.query<RecordedName & { nhs_number: string }>(candidateNames(criteria));
    if (names.length > NAMES_READ) return 'too-many';
    const likely = new Map<string, NameScore>();
    const score = nameScorer(criteria);
    for (const name of names) {
      const scored = score(name);
      const best = likely.get(name.nhs_number);
      if (scored && (!best || scored.family + scored.given > best.family + best.given)) likely.set(name.nhs_number, scored);
    }
    if (likely.size === 0) return [];
    if (likely.size > CANDIDATES_WEIGHED) return 'too-many';
    const { rows } = await this.db.query<RecordedFacts & Omit<Match, 'score'>>(candidateFacts(criteria, [...likely.keys()]));
    return rows.flatMap((row) => {
      const scored = fuzzyScore(criteria, likely.get(row.nhs_number)!, row);
      return scored ? { nhs_number: row.nhs_number, superseded_by: row.superseded_by, ...scored } : [];
    });
  }

  /** Each person once, by the best match; whoever was superseded is their successor. */
  private async people(matches: Match[]): Promise<Match[]> {
    const superseded = matches.filter(({ superseded_by }) => superseded_by !== null).map(({ nhs_number }) => nhs_number);
    const successors = new Map<string, string>();
    if (superseded.length > 0) {
      const { rows } = await this.db.query<{ superseded: string; nhs_number: string }>(successorsOf(superseded));
      for (const row of rows) successors.set(row.superseded, row.nhs_number);
    }
    const people = new Map<string, Match>();
    for (const match of matches) {
      const isSuperseded = match.superseded_by !== null;
      const nhs_number = isSuperseded ? successors.get(match.nhs_number) : match.nhs_number;
      if (nhs_number === undefined) continue;
      const score = isSuperseded ? Math.round(match.score * SUPERSEDED * 10_000) / 10_000 : match.score;
      const best = people.get(nhs_number);
      if (!best || score > best.score) people.set(nhs_number, { ...match, nhs_number, score, record: match.record ?? best?.record });
    }
    return [...people.values()];
  }
}

/** A wrong postcode is forgiven where the other criteria lead to a single person. */
function withTolerablePostcode(people: Match[]): Match[] {
  const right = people.filter(({ wrongPostcode }) => !wrongPostcode);
  return right.length > 0 || people.length > 1 ? right : people;
}
