import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireNode } from './install.mjs';
import { requireKafka } from './kafka-distribution.mjs';
import { preparePackages } from './prepare.mjs';
import { root } from './settings.mjs';
import { giveUp, Obstacle, say, seconds } from './steps.mjs';

/**
 * The parts of `npm test`, in order. Each gives how many of its checks passed and failed. Those on
 * request need more than Node.js: see .ci/run.
 * @type {Record<string, { title: string, onRequest?: boolean, run: () => Promise<{ passed: number, failed: number }> }>}
 */
const parts = {
  lint: { title: 'Lint', run: lint },
  types: { title: 'Types', run: () => check('tsc', ['--noEmit', '-p', 'tsconfig.json']) },
  unit: { title: 'Unit tests', run: () => jest('unit') },
  integration: { title: 'Integration tests', run: () => jest('integration') },
  e2e: { title: 'Journeys', run: () => jest('e2e', ['--runInBand']) },
  kafka: { title: 'On Kafka', onRequest: true, run: () => onKafka(() => jest('kafka', ['--runInBand'])) },
  'kafka-e2e': {
    title: 'Journeys on Kafka',
    onRequest: true,
    run: () => onKafka(() => jest('e2e', ['--runInBand', 'e2e/journeys/(find-a-patient|edit|restricted|privacy-officer)', 'e2e/faults'], { CARESPINE_KAFKA: '1' })),
  },
};

try {
  requireNode();
  const chosen = process.argv.slice(2);
  const isAll = chosen.length === 1 && chosen[0] === 'all';
  const unknown = isAll ? undefined : chosen.find((name) => !Object.hasOwn(parts, name));
  if (unknown) throw new Obstacle(`There is no part "${unknown}" of the tests: choose from ${Object.keys(parts).join(', ')}, or all.`);
  await preparePackages();

  let passed = 0;
  let failed = 0;
  for (const name of chosen.length > 0 && !isAll ? chosen : Object.keys(parts).filter((part) => isAll || !parts[part].onRequest)) {
    const { title, run } = parts[name];
    const began = performance.now();
    const result = await run();
    if (result.passed + result.failed === 0) result.failed = 1; // nothing was checked
    say(`${seconds(began).padStart(8)}  ${title}: ${result.passed} passed, ${result.failed} failed`);
    passed += result.passed;
    failed += result.failed;
  }
  say(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
} catch (error) {
  giveUp(error);
}

/** The rule about the direction of dependencies reads the graph that Nx keeps, and says nothing without one. */
async function lint() {
  const { failed } = await check('nx', ['show', 'projects']);
  return failed > 0 ? { passed: 0, failed } : check('eslint', ['.']);
}

/** A tool that only says yes or no: one check. */
async function check(tool, args) {
  return (await runTool(tool, args)) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** What cannot be checked here fails: a broker that nobody could start proves nothing. */
async function onKafka(run) {
  try {
    await requireKafka();
    return await run();
  } catch (error) {
    if (!(error instanceof Obstacle)) throw error;
    say(error.message);
    return { passed: 0, failed: 1 };
  }
}

/** One project of jest.config.js. A suite that does not even load counts as one failure. */
async function jest(project, args = [], env = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'carespine-jest-'));
  const file = join(folder, 'results.json');
  try {
    const code = await runTool('jest', ['--selectProjects', project, '--passWithNoTests', '--forceExit', '--json', '--outputFile', file, ...args], env);
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(file, 'utf8'));
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    return { passed: numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
  } catch (error) {
    say(`jest left no results (${error.code ?? error.message})`);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a tool of node_modules; its output is shown only when it fails. */
function runTool(tool, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(join(root, 'node_modules/.bin', tool), args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.once('error', (error) => {
      say(`${tool} does not start: ${error.message}`);
      resolve(1);
    });
    child.once('close', (code) => {
      if (code !== 0) process.stdout.write(Buffer.concat(output));
      resolve(code ?? 1);
    });
  });
}
