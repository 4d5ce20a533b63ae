import type { Bug } from './testing/simulated-database';
import type { LogKind } from './testing/simulated-log';
import { simulate, type SimulationOptions } from './testing/simulation';

const SEEDS = 10_000;
/** SEED=<seed> LOG=<kind> lives one life again, and tells its story. */
const { SEED, LOG } = process.env;

/** Odd seeds live on one log, even ones on the other. */
const lives = (count: number, log: LogKind, bug?: Bug): SimulationOptions[] =>
  Array.from({ length: count }, (_, i) => ({ seed: 2 * i + (log === 'places' ? 1 : 2), log, ...(bug && { bug }) }));

describe('outbox, log, inbox and projection, whatever goes wrong on the way', () => {
  if (SEED) {
    it(`in the life of seed ${SEED}`, async () => {
      const [failed] = await simulate([{ seed: Number(SEED), log: (LOG ?? 'offsets') as LogKind, traced: true }]);
      if (failed) console.error(failed.story.join('\n'));
      expect(failed?.broken ?? []).toEqual([]);
    });
    return;
  }

  it.each(['places', 'offsets'] as const)(
    'every committed event has its effect once and in order, and nothing else has: %s',
    async (log) => {
      const failed = await simulate(lives(SEEDS / 2, log));
      // live one again: SEED=<seed> LOG=<log> npx jest --selectProjects unit -- simulation
      expect(failed.map(({ options: { seed }, broken }) => ({ seed, log, broken }))).toEqual([]);
    },
    300_000,
  );

  it('a seed lives the same life each time', async () => {
    const tell = async (): Promise<string[]> => {
      const [life] = await simulate([{ seed: 7, log: 'offsets', bug: 'no-inbox', traced: true }]);
      return life?.story ?? [];
    };
    expect(await tell()).toEqual(await tell());
  });

  it.each<[Bug, LogKind, RegExp]>([
    ['offset-before-effect', 'offsets', /is lost/],
    ['no-inbox', 'offsets', /has its effect 2 times/],
    ['no-inbox', 'places', /has its effect 2 times/],
    ['inbox-apart-from-effect', 'places', /is lost/],
    ['taken-off-before-appended', 'places', /is lost/],
    ['place-apart-from-effect', 'places', /is lost/],
    ['passing-counts', 'places', /was given up, and nothing is wrong with it/],
  ])('finds the mistake %s on a log with %s', async (bug, log, finding) => {
    const failed = await simulate(lives(bug === 'passing-counts' ? 600 : 60, log, bug)); // it takes four failures in a row
    expect(failed.flatMap(({ broken }) => broken).join('\n')).toMatch(finding);
  });
});
