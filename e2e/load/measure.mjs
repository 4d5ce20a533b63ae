import autocannon from 'autocannon';
import { cpuSeconds } from './processes.mjs';

/** Answers that a scenario expects; 401 is the refused share of the mixed one. */
const EXPECTED = new Set([200, 201, 401]);

/**
 * Sends requests for some seconds and tells what came of it.
 *
 * @param {{ url: string, requests: object[], connections: number, seconds: number, perSecond?: number, groups: import('./processes.mjs').Group[] }} load
 */
export async function measure({ url, requests, connections, seconds, perSecond, groups }) {
  const times = [];
  const statuses = {};
  const before = cpuSeconds(groups);
  const clientBefore = process.cpuUsage();
  const startedAt = performance.now();
  const run = autocannon({ url, requests, connections, duration: seconds, ...(perSecond && { overallRate: perSecond }) });
  run.on('response', (_client, status, _bytes, ms) => {
    times.push(ms);
    statuses[status] = (statuses[status] ?? 0) + 1;
  });
  const result = await run;
  const elapsed = (performance.now() - startedAt) / 1000;
  const after = cpuSeconds(groups);
  const client = process.cpuUsage(clientBefore);
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const perThousand = (cpu) => (cpu / times.length) * 1000;
  return {
    perSecond: times.length / elapsed,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    errors: result.errors + Object.entries(statuses).reduce((sum, [status, count]) => sum + (EXPECTED.has(Number(status)) ? 0 : count), 0),
    statuses,
    cpu: {
      ...Object.fromEntries(Object.keys(after).map((name) => [name, perThousand(after[name] - before[name])])),
      client: perThousand((client.user + client.system) / 1e6),
    },
  };
}

/** Prints what {@link measure} found, with the ratio to a reference of the same run. */
export function report(title, { perSecond, p50, p95, p99, errors, statuses, cpu }, reference) {
  const ratio = reference ? `  ${(perSecond / reference.perSecond).toFixed(2)} of bare` : '';
  console.log(`${title.padEnd(28)} ${perSecond.toFixed(0).padStart(6)}/s  p50 ${p50.toFixed(2)} p95 ${p95.toFixed(2)} p99 ${p99.toFixed(2)} ms  errors ${errors}${ratio}`);
  if (errors) console.log(`    answers by status: ${format(statuses)}`);
  console.log(`    CPU s per 1,000: ${format(cpu, 3)}`);
}

/** Facts in a line; `digits` behind the point where they are no whole numbers. */
export function format(facts, digits = 0) {
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${value.toFixed(digits)}`)
    .join(', ');
}
