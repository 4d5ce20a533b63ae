import { ageInWords, bannerName, dateInWords, fullName, momentInWords } from './words';

describe('NHS digital service manual: dates', () => {
  it.each([
    ['1985-03-04', '4 March 1985'],
    ['1985-03', 'March 1985'],
    ['1985', '1985'],
    ['2024-02-11T00:00:00+00:00', '11 February 2024'],
    [undefined, ''],
  ])('%s: %s', (date, words) => expect(dateInWords(date)).toBe(words));

  it.each([
    ['2026-11-24T13:45:00Z', '24 November 2026', '1:45pm'],
    ['2026-11-24T00:05:00Z', '24 November 2026', '12:05am'],
    ['2026-07-01T23:30:00Z', '2 July 2026', '12:30am'],
  ])('%s in London', (instant, date, time) => expect(momentInWords(instant)).toEqual({ date, time }));
});

describe('the age in a banner', () => {
  it.each([
    ['1985-03-04', '41 years'],
    ['1985-11-25', '40 years'],
    ['2026-11-23', '1 day'],
    ['2026-11-01', '23 days'],
    ['2026-05-24', '26 weeks'],
    ['2025-06-25', '16 months'],
    ['1985-03', ''],
    ['2027-01-01', ''],
  ])('of someone born %s: %s', (born, age) => expect(ageInWords(born, '2026-11-24')).toBe(age));
});

describe('the name in a banner', () => {
  it('is FAMILY, Given (Title)', () =>
    expect(bannerName({ family: 'Smith', given: ['Jane', 'Marie'], prefix: ['Mrs'] })).toBe('SMITH, Jane Marie (Mrs)'));
  it('does without a given name and a title', () => expect(bannerName({ family: 'Smith' })).toBe('SMITH'));
  it('is empty when there is none', () => expect(bannerName(undefined)).toBe(''));
  it('is in its usual order in a sentence', () =>
    expect(fullName({ family: 'Smith', given: ['Jane'], prefix: ['Mrs'], suffix: ['MBE'] })).toBe('Mrs Jane Smith MBE'));
});
