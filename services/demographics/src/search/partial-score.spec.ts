import { partialScore, type FoundBy } from './partial-score';
import type { PatientSearchCriteria } from './search-parameters';

const FOUND: FoundBy = {
  family: 'smith',
  first_name: 'jane',
  previous: false,
  current_postcode: true,
  current_email: true,
  current_phone: true,
};

function score(criteria: Partial<PatientSearchCriteria>, found: Partial<FoundBy> = {}): number {
  const birthDate = { from: '1985-10-22', to: '1985-10-22' };
  const asked = { fuzzy: false, exactOnly: false, history: true, maxResults: 50, birthDate, family: 'smith', given: [], ...criteria };
  return partialScore(asked, { ...FOUND, ...found });
}

describe('PDS search: a score below 1 is a partial match', () => {
  it.each<[string, Partial<PatientSearchCriteria>]>([
    ['family and birth date', {}],
    ['a range of birth dates', { birthDate: { from: '1980-01-01', to: '1990-01-01' } }],
    ['all current details', { given: ['jane', 'marie'], gender: 'female', postcode: 'LS16AE', email: 'a@b.example', phone: '0163' }],
  ])('%s: 1', (_, criteria) => expect(score(criteria)).toBe(1));

  it.each<[string, Partial<PatientSearchCriteria>, Partial<FoundBy>, number]>([
    ['a wildcard in family', { family: 'sm*' }, {}, 0.848],
    ['a wildcard after the whole of it', { family: 'smith*' }, {}, 0.995],
    ['a wildcard in given', { given: ['jan*'] }, {}, 0.9558],
    ['a wildcard in the postcode', { postcode: 'LS*' }, {}, 0.8742],
    ['a previous name', {}, { previous: true }, 0.95],
    ['a previous postcode', { postcode: 'LS16AE' }, { current_postcode: false }, 0.9667],
    ['a previous e-mail address', { email: 'a@b.example' }, { current_email: false }, 0.9667],
    ['a previous phone number', { phone: '0163' }, { current_phone: false }, 0.9667],
  ])('%s: %#', (_, criteria, found, expected) => expect(score(criteria, found)).toBe(expected));
});
