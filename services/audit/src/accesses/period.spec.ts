import { endOf, instantOf, monthAtMost } from './period';

const NOW = new Date('2026-11-24T12:00:00Z');
const spanned = (from: string | undefined, to: string | undefined): string[] => {
  const period = monthAtMost(from === undefined ? undefined : instantOf(from), to === undefined ? undefined : endOf(to), NOW);
  return [period.from, period.to].map((at) => at.toISOString());
};

describe('audit specification, "The officer’s work": a search spans at most one month', () => {
  it.each([
    ['2026-02-01', '2026-03-01', true],
    ['2026-02-01', '2026-03-02', false],
    ['2026-01-31', '2026-02-28', true],
    ['2026-01-31', '2026-03-01', false],
    ['2026-10-24', '2026-11-24', true], // the clock changes in between
    ['2026-10-24', '2026-11-25', false],
  ])('%s to %s: %s', (from, to, isMonth) => {
    if (isMonth) expect(spanned(from, to)).toHaveLength(2);
    else expect(() => spanned(from, to)).toThrow('more than one month');
  });

  it('is completed to a month of London days, up to now', () => {
    expect(spanned(undefined, undefined)).toEqual(['2026-10-23T23:00:00.000Z', '2026-11-24T12:01:00.000Z']);
    expect(spanned('2026-06-10', undefined)).toEqual(['2026-06-09T23:00:00.000Z', '2026-07-10T23:00:00.000Z']);
    expect(spanned(undefined, '2026-03-31')).toEqual(['2026-02-28T00:00:00.000Z', '2026-03-31T23:00:00.000Z']);
  });

  it('includes the whole of what a time names', () => {
    const end = (text: string): string | undefined => endOf(text)?.toISOString();
    expect(end('2026-11-24T10:00:00Z')).toBe('2026-11-24T10:00:01.000Z');
    expect(end('2026-11-24T10:00Z')).toBe('2026-11-24T10:01:00.000Z');
    expect(end('2026-11-24T10:00:00.250Z')).toBe('2026-11-24T10:00:00.251Z');
  });

  it('knows no other centuries', () => expect([instantOf('9999-12-31'), instantOf('0001-01-01T00:00:00Z')]).toEqual([undefined, undefined]));
});
