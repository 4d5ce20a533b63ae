import { openHoursOf } from './opening-hours';
import { unusualOf, type DayOfUser } from './unusual';

const day = (userId: string, on: string, did: Partial<DayOfUser['did']>, jobRole = 'R8001'): DayOfUser => ({
  userId,
  jobRole,
  day: on,
  did: { patients: 0, searches: 0, refusals: 0, 'out-of-hours': 0, emergencies: 0, ...did },
});
const before = (userId: string, patients: number, days = 5, jobRole = 'R8001'): DayOfUser[] =>
  Array.from({ length: days }, (_, i) => day(userId, `2026-10-0${i + 1}`, { patients }, jobRole));

describe('unusual behaviour, against what the person and the role usually do', () => {
  it('is a day with three times the usual or more, and so many as to matter', () => {
    const of = (patients: number): unknown => unusualOf([...before('1', 10), day('1', '2026-11-02', { patients })], '2026-11-01');
    expect(of(29)).toEqual([]);
    expect(of(30)).toEqual([{ userId: '1', measure: 'patients', value: 30, usual: 10, times: 3 }]);
    expect(unusualOf([...before('1', 2), day('1', '2026-11-02', { patients: 19 })], '2026-11-01')).toEqual([]);
  });

  it('is not what others in the role do too', () => {
    const colleagues = [...before('2', 40), ...before('3', 40)];
    expect(unusualOf([...before('1', 5, 2), ...colleagues, day('1', '2026-11-02', { patients: 60 })], '2026-11-01')).toEqual([]);
    expect(unusualOf([...before('1', 5, 2), ...before('2', 40, 5, 'R8000'), day('1', '2026-11-02', { patients: 60 })], '2026-11-01')).toEqual([]);
  });

  it('judges nobody of whom, and of whose role, nothing is known', () => {
    expect(unusualOf([day('1', '2026-11-02', { patients: 500 })], '2026-11-01')).toEqual([]);
    expect(unusualOf([...before('2', 10), day('1', '2026-11-02', { patients: 500 })], '2026-11-01')).toHaveLength(1);
    expect(unusualOf([...before('2', 10, 5, ''), day('1', '2026-11-02', { patients: 500 }, '')], '2026-11-01')).toEqual([]);
  });

  it('is told once for each person and measure, by the worst day', () => {
    const days = [...before('1', 10), day('1', '2026-11-02', { patients: 40, emergencies: 3 }), day('1', '2026-11-03', { patients: 50 })];
    expect(unusualOf(days, '2026-11-01').map(({ measure, value }) => [measure, value])).toEqual([
      ['patients', 50],
      ['emergencies', 3],
    ]);
  });
});

describe('opening hours', () => {
  const closed = { mon: null, tue: null, wed: null, thu: null, fri: null, sat: null, sun: null };
  it('count an hour that is open for a part', () => expect(openHoursOf({ ...closed, tue: ['08:30', '10:15'] })).toEqual([32, 33, 34]));
  it('may end on the next day, also of the next week', () => expect(openHoursOf({ ...closed, sun: ['23:00', '01:00'] })).toEqual([0, 167]));
  it('may be all day', () => expect(openHoursOf({ ...closed, mon: ['00:00', '24:00'] })).toHaveLength(24));
});
