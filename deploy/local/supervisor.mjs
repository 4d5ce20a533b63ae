import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { recordProcess } from './pid-files.mjs';
import { startProcess } from './processes.mjs';
import { Obstacle } from './steps.mjs';

const firstPauseMs = 500;
const longestPauseMs = 30_000;
const soundAfterMs = 60_000;
const firstAttempts = 3;

/**
 * Keeps one process running until told to stop: started again when it ends, later and later while it keeps ending,
 * at once again after a minute of health.
 * @param {string} name
 * @param {(signal: AbortSignal) => Promise<import('./processes.mjs').Running>} start resolves when it is ready, rejects when it ends before
 * @param {(line: string) => void} say
 */
export function supervise(name, start, say) {
  const stopping = new AbortController();
  /** @type {import('./processes.mjs').Running | undefined} */
  let running;
  let firstReady = () => {};
  let firstFailed = (/** @type {Error} */ _) => {};
  /** Resolves at the first readiness; rejects when the first attempts all fail. */
  const ready = new Promise((resolve, reject) => {
    firstReady = () => resolve(undefined);
    firstFailed = reject;
  });
  ready.catch(() => {}); // whoever waits for it hears of it
  const over = keepRunning();

  async function keepRunning() {
    let pauseMs = firstPauseMs;
    let wasReady = false;
    for (let attempt = 1; ; attempt++) {
      let why;
      try {
        const began = Date.now();
        running = await start(stopping.signal);
        if (wasReady) say(`${name} runs again`);
        wasReady = true;
        firstReady();
        why = await running.exited;
        if (Date.now() - began >= soundAfterMs) pauseMs = firstPauseMs;
      } catch (error) {
        why = error.message;
        if (!wasReady && (error instanceof Obstacle || attempt === firstAttempts)) return firstFailed(error);
      }
      running = undefined;
      if (stopping.signal.aborted) return;
      say(`${name} ended (${why}): it starts again in ${pauseMs / 1000} s`);
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }

  return {
    name,
    ready,
    /** @param {number} [graceMs] 0 ends it at once, also while an earlier stop still waits */
    async stop(graceMs) {
      stopping.abort();
      await running?.stop(graceMs);
      await over;
    },
  };
}

/**
 * Starts a service as a process of its own and waits until it says that it is ready. The channel to it closes when the launcher
 * dies, by which the service knows to end; its process id file finds it even if it does not.
 * @param {{ name: string, main: string, env: NodeJS.ProcessEnv, home: string, url: string }} service
 * @param {AbortSignal} signal
 */
export async function startService({ name, main, env, home, url }, signal) {
  const log = `${home}/logs/${name}.log`;
  const pidFile = `${home}/run/${name}.pid`;
  const service = startProcess(process.execPath, [main], { log, env, ipc: true });
  recordProcess(pidFile, service.pid);
  const over = new AbortController();
  const exited = service.exited.then((how) => {
    rmSync(pidFile, { force: true });
    over.abort();
    return how;
  });
  const stop = () => void service.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const isReady = await untilReady(`${url}/health/ready`, over.signal);
  signal.removeEventListener('abort', stop);
  if (!isReady) throw new Error(`${await exited} before it was ready, ${log} says why`);
  return { ...service, exited };
}

/** @returns whether it became ready; false when it was over before */
async function untilReady(url, over) {
  while (!over.aborted) {
    const answer = await fetch(url, { signal: AbortSignal.any([over, AbortSignal.timeout(2_000)]) }).catch(() => undefined);
    await answer?.body?.cancel().catch(() => {});
    if (answer?.ok) return true;
    await delay(50, undefined, { signal: over }).catch(() => {});
  }
  return false;
}
