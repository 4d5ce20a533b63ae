import { parseArgs } from 'node:util';
import type { Pool } from 'pg';
import { todayInLondon } from '../patients/london';
import { DEMO_POPULATION, loadExamples } from './demo';
import { LARGEST_POPULATION } from './generate';
import { batchesOfThread } from './generated-batches';
import { importPatients } from './import';
import { loadPopulation, type Publish } from './load';

export const USAGE = `npm run population -- --patients N [--seed S]   generated people, N in all
npm run population -- --demo                      a small population and the people of the national examples
npm run population -- --import FILE               FHIR Patients, one a line, under their own NHS numbers`;

export type Order = { kind: 'patients'; patients: number; seed: number } | { kind: 'demo' } | { kind: 'import'; file: string };

/** @throws Error that says what is wrong with the arguments */
export function orderOf(args: string[]): Order {
  const { values } = parseArgs({
    args,
    options: { patients: { type: 'string' }, seed: { type: 'string' }, demo: { type: 'boolean' }, import: { type: 'string' } },
  });
  const orders = [values.patients, values.demo, values.import].filter((value) => value !== undefined);
  if (orders.length !== 1) throw new Error('Say one of --patients, --demo and --import.');
  if (values.seed !== undefined && values.patients === undefined) throw new Error('--seed goes with --patients.');
  if (values.import !== undefined) return { kind: 'import', file: values.import };
  if (values.demo) return { kind: 'demo' };
  const patients = wholeNumber('--patients', values.patients!, LARGEST_POPULATION);
  return { kind: 'patients', patients, seed: wholeNumber('--seed', values.seed ?? String(DEFAULT_SEED), 2 ** 31 - 1) };
}

const DEFAULT_SEED = 1;

function wholeNumber(name: string, text: string, largest: number): number {
  const number = Number(text.replace(/_/g, ''));
  if (!/^[\d_]+$/.test(text) || number > largest) throw new Error(`${name} must be a whole number up to ${largest}.`);
  return number;
}

/**
 * Does what the arguments of `npm run population` say.
 *
 * @returns the exit code: 1 when lines of an import were refused
 */
export async function runPopulation(order: Order, pool: Pool, publish: Publish): Promise<number> {
  const today = todayInLondon();
  if (order.kind === 'import') return runImport(order.file, pool, today, publish);
  const { patients, seed } = order.kind === 'demo' ? { patients: DEMO_POPULATION, seed: await seedOf(pool) } : order;
  const progress = new Progress(patients);
  const report = (count: number) => progress.show(count, 'patients');
  const loaded = await loadPopulation(pool, { seed, patients, today, batches: batchesOfThread, publish, report });
  progress.end();
  const shown = order.kind === 'demo' ? await loadExamples(pool, today, publish) : 0;
  say(loaded + shown > 0 ? `${loaded + shown} patients loaded` : 'Nothing to load: they are all here.');
  return 0;
}

async function runImport(file: string, pool: Pool, today: string, publish: Publish): Promise<number> {
  const progress = new Progress();
  const { loaded, replaced, alreadyLoaded, refused } = await importPatients(pool, {
    file,
    today,
    publish,
    onRefused: (line, reason) => complain(`line ${line}: ${reason}`),
    report: (summary) => progress.show(summary.lines, `lines, ${summary.refused} refused`),
  });
  progress.end();
  say(`${loaded} loaded, ${replaced} replaced, ${alreadyLoaded} already loaded, ${refused} refused`);
  await warnOfMissingSuccessors(pool);
  if (refused === 0) return 0;
  complain(`What was refused, and why: ${file}.refused.ndjson`);
  return 1;
}

const say = (line: string) => process.stdout.write(`${line}\n`);
export const complain = (line: string) => process.stderr.write(`${line}\n`);

/** The demo is content with the population that is there, whatever its seed. */
async function seedOf(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ seed: number }>('SELECT seed FROM populations');
  return rows[0]?.seed ?? DEFAULT_SEED;
}

async function warnOfMissingSuccessors(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ count: string }>(
    `SELECT count(*) FROM patients AS old WHERE superseded_by IS NOT NULL
      AND NOT EXISTS (SELECT FROM patients AS retained WHERE retained.nhs_number = old.superseded_by)`,
  );
  const count = Number(rows[0]?.count);
  if (count > 0) complain(`${count} superseded records name a retained record that is not here yet.`);
}

/** One line on a terminal, now and then a line elsewhere. */
class Progress {
  private readonly began = performance.now();
  private readonly isTerminal = process.stdout.isTTY;
  private first: number | undefined;
  private shownAt = 0;

  constructor(private readonly all?: number) {}

  show(count: number, what: string): void {
    const now = performance.now();
    this.first ??= count;
    if (now - this.shownAt < (this.isTerminal ? 200 : 10_000) && count !== this.all) return;
    this.shownAt = now;
    const aSecond = Math.round(((count - this.first) / Math.max(1, now - this.began)) * 1000);
    const share = this.all ? ` (${Math.floor((count / this.all) * 100)} %)` : '';
    process.stdout.write(`${this.isTerminal ? '\r\x1b[K' : ''}${count} ${what}${share}, ${aSecond} a second${this.isTerminal ? '' : '\n'}`);
  }

  end(): void {
    if (this.isTerminal && this.shownAt > 0) process.stdout.write('\n');
  }
}
