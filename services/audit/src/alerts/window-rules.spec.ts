import fc from 'fast-check';
import { Interaction } from '@carespine/contracts';
import { DEFAULT_POLICY, type Policy } from '../organisation-policy/policy';
import { measure, neededFor, type WindowAct, type WindowRule } from './window-rules';

const MINUTE = 60_000;
const anAct = (i: number, minutes: number, other: Partial<WindowAct> = {}): WindowAct => ({
  eventId: `e${i}`,
  recorded: new Date(1_800_000_000_000 + minutes * MINUTE),
  requestId: `r${i}`,
  service: 'demographics',
  interaction: Interaction.READ,
  outcome: 0,
  outcomeDescription: '',
  nhsNumber: `p${i}`,
  userId: 'u',
  resourceType: 'Patient',
  isFed: false,
  ...other,
});
const SEARCH = { interaction: Interaction.SEARCH_TYPE, nhsNumber: '' };
const REFUSED = { outcome: 4, outcomeDescription: 'HTTP 403' } as const;
const many = (count: number, stepMinutes: number, other: Partial<WindowAct> = {}): WindowAct[] => Array.from({ length: count }, (_, i) => anAct(i, i * stepMinutes, other));
const fires = (rule: WindowRule, acts: WindowAct[], jobRole = 'R8001', policy: Policy = DEFAULT_POLICY): boolean => measure(rule, acts, policy, jobRole, () => true).hits.length > 0;

describe('audit specification, "Platform (policy)": rules of a stretch of time', () => {
  it('many patients: at the threshold of the job role, not below', () => {
    expect(fires('many-patients', many(39, 1))).toBe(false);
    expect(fires('many-patients', many(40, 1))).toBe(true);
    expect(fires('many-patients', many(119, 0.5), 'R8009')).toBe(false);
    expect(fires('many-patients', many(120, 0.5 - 1e-6), 'R8009')).toBe(true);
    expect(fires('many-patients', many(39, 1).concat(many(39, 1)))).toBe(false);
    expect(fires('many-patients', many(40, 1, { service: 'audit' }))).toBe(false);
  });

  it('counts within the window alone', () => {
    expect(fires('many-patients', many(40, 60 / 39))).toBe(false); // the first is an hour old when the last comes
    expect(fires('many-patients', many(40, 59 / 39))).toBe(true);
  });

  it('finds a burst in the past of a batch', () => expect(fires('many-patients', [...many(40, 1), anAct(99, 500)])).toBe(true));

  it('refusals: for want of permission alone', () => {
    expect(fires('refusal-burst', many(9, 0.5, REFUSED))).toBe(false);
    expect(fires('refusal-burst', many(10, 0.5, REFUSED))).toBe(true);
    expect(fires('refusal-burst', many(10, 2, REFUSED))).toBe(false);
    expect(fires('refusal-burst', many(10, 0.5, { ...REFUSED, outcomeDescription: 'HTTP 400' }))).toBe(false);
    expect(fires('refusal-burst', many(10, 0.5, { ...REFUSED, outcomeDescription: 'HTTP 403 demographics.read is missing' }))).toBe(true);
    expect(fires('refusal-burst', many(10, 0.5, { outcome: 4, isFed: true }))).toBe(true);
  });

  it('trawling: many searches, few records opened', () => {
    const searches = many(30, 1, SEARCH);
    expect(fires('search-trawling', searches.slice(1))).toBe(false);
    expect(fires('search-trawling', searches)).toBe(true);
    const opened = (count: number): WindowAct[] => Array.from({ length: count }, (_, i) => anAct(100 + i, i));
    const both = (count: number): WindowAct[] => [...searches, ...opened(count)].sort((a, b) => a.recorded.getTime() - b.recorded.getTime());
    expect(fires('search-trawling', both(3))).toBe(true);
    expect(fires('search-trawling', both(4))).toBe(false);
  });

  it('counts a search of several hits once', () => {
    expect(fires('search-trawling', many(29, 1, SEARCH).concat(many(29, 1, SEARCH)).sort((a, b) => a.recorded.getTime() - b.recorded.getTime()))).toBe(false);
  });

  it('trawling: for patients alone; a search within a record is none', () => expect(fires('search-trawling', many(30, 1, { ...SEARCH, resourceType: 'DocumentReference' }))).toBe(false));

  it('the national summary is opened by a search of Bundle', () => {
    expect(fires('many-patients', many(40, 1, { interaction: Interaction.SEARCH_TYPE, resourceType: 'Bundle' }))).toBe(true);
    expect(fires('search-trawling', many(40, 1, { interaction: Interaction.SEARCH_TYPE, resourceType: 'Bundle' }))).toBe(false);
  });

  it('a stretch that was judged before is no hit again: neither after midnight, nor beside a burst that is told late', () => {
    const evening = many(40, 1);
    const later = [...evening, anAct(99, 500)];
    expect(measure('many-patients', later, DEFAULT_POLICY, 'R8001', (act) => act.eventId === 'e99').hits).toEqual([]);
    const late = Array.from({ length: 40 }, (_, i) => anAct(200 + i, -1500 + i));
    const { hits } = measure('many-patients', [...late, ...evening], DEFAULT_POLICY, 'R8001', (act) => act.eventId.startsWith('e2') && act.eventId.length === 4);
    expect(hits.map(({ evidence }) => evidence.at(-1)?.eventId)).toEqual(['e239']);
  });

  it('a burst on each of two days is a hit of each', () => {
    const { hits } = measure('many-patients', [...many(40, 1), ...Array.from({ length: 40 }, (_, i) => anAct(100 + i, 1440 + i))], DEFAULT_POLICY, 'R8001', () => true);
    expect(hits.map(({ evidence }) => evidence.at(-1)?.eventId)).toEqual(['e39', 'e139']);
  });

  it('fires no sooner than its credit says', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 20 })), { maxLength: 80 }), (steps) => {
        const policy: Policy = { ...DEFAULT_POLICY, thresholds: { 'many-patients': { enabled: 1, windowMinutes: 60, patients: 8 } } };
        let minutes = 0;
        const acts = steps.map(([patient, pause], i) => anAct(i, (minutes += pause), { nhsNumber: `p${patient}` }));
        let left = 0;
        for (let i = 1; i <= acts.length; i++) {
          const { hits, credit } = measure('many-patients', acts.slice(0, i), policy, 'R8001', (act) => act === acts[i - 1]);
          const isNew = hits.length > 0;
          if (--left > 0) expect(isNew).toBe(false);
          else left = credit;
        }
      }),
    );
  });

  it('a job role without a baseline of its own has the common one', () => expect([neededFor(DEFAULT_POLICY, 'many-patients', 'R9999'), neededFor(DEFAULT_POLICY, 'many-patients', 'R8013')]).toEqual([40, 120]));
});
