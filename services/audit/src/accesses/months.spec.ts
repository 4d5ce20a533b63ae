import fc from 'fast-check';
import { monthsOf } from './months';

describe('monthsOf', () => {
  it('names each month that a period touches once', () => {
    expect(monthsOf({ from: new Date('2026-01-31T23:59:59.999Z'), to: new Date('2026-03-01T00:00:00Z') })).toEqual(['2026-01-01', '2026-02-01', '2026-03-01']);
    expect(monthsOf({ from: new Date('2025-12-10T00:00:00Z'), to: new Date('2026-01-09T00:00:00Z') })).toEqual(['2025-12-01', '2026-01-01']);
  });

  it('names the month of every instant in the period', () => {
    const instant = fc.date({ min: new Date('2000-01-01T00:00:00Z'), max: new Date('2100-01-01T00:00:00Z'), noInvalidDate: true });
    fc.assert(
      fc.property(instant, instant, instant, (...instants) => {
        const [from, between, to] = instants.toSorted((a, b) => a.getTime() - b.getTime()) as [Date, Date, Date];
        expect(monthsOf({ from, to })).toContain(`${between.toISOString().slice(0, 7)}-01`);
      }),
    );
  });
});
