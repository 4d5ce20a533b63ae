import { monthsAfter } from './calendar';

describe('UK GDPR Article 12(3)', () => {
  it.each([
    ['2026-09-03', 1, '2026-10-03'],
    ['2026-01-31', 1, '2026-02-28'],
    ['2028-01-31', 1, '2028-02-29'],
    ['2026-03-31', 1, '2026-04-30'],
    ['2026-12-15', 1, '2027-01-15'],
    ['2026-11-30', 3, '2027-02-28'],
    ['2026-11-24', 3, '2027-02-24'],
  ])('a request of %s is due %i calendar months later, on %s', (received, months, due) => expect(monthsAfter(received, months)).toBe(due));
});
