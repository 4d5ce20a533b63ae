import { spawn } from 'node:child_process';
import { closeSync, openSync, statSync, truncateSync } from 'node:fs';
import { Obstacle } from './steps.mjs';

const largestLogBytes = 50 * 1024 * 1024;

/**
 * @typedef {object} Running
 * @property {number} pid
 * @property {Promise<string>} exited how it ended: `code 1`, `signal SIGKILL`
 * @property {(graceMs?: number) => Promise<void>} stop asks it to end, and forces it after the grace
 */

/**
 * Starts a process that outlives a signal to our own process group: Ctrl-C reaches the launcher alone, which then stops things in order.
 * @param {string} command
 * @param {string[]} args
 * @param {{ log: string, ipc?: boolean, ask?: NodeJS.Signals, force?: NodeJS.Signals, graceMs?: number } & import('node:child_process').SpawnOptions} options
 * @returns {Running}
 */
export function startProcess(command, args, { log, ipc = false, ask = 'SIGTERM', force = 'SIGKILL', graceMs = 15_000, ...options }) {
  const output = openLog(log);
  const child = spawn(command, args, {
    ...options,
    detached: true,
    stdio: ['ignore', output, output, ...(ipc ? [/** @type {const} */ ('ipc')] : [])],
  });
  closeSync(output);
  const exited = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `code ${code}`));
  });
  return {
    pid: child.pid ?? 0,
    exited,
    async stop(grace = graceMs) {
      child.kill(grace > 0 ? ask : force);
      const impatience = setTimeout(() => child.kill(force), grace);
      await exited;
      clearTimeout(impatience);
    },
  };
}

/**
 * Runs a program of ours to its end, its output going to a log.
 * @param {string} what names the work in the refusal: `The migrations of audit`
 * @throws {Obstacle} when it ends with anything but 0
 */
export async function runToEnd(what, command, args, { log, signal, ...options }) {
  const output = openLog(log);
  const child = spawn(command, args, { ...options, signal, stdio: ['ignore', output, output] });
  closeSync(output);
  const outcome = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, killedBy) => resolve(killedBy ? `signal ${killedBy}` : code));
  });
  if (outcome !== 0)
    throw new Obstacle(`${what} failed (${typeof outcome === 'number' ? `code ${outcome}` : outcome}): the end of ${log} says why.`);
}

/** Opens a log for adding to; one that has grown too large starts anew. */
export function openLog(file) {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > largestLogBytes) truncateSync(file);
  return openSync(file, 'a');
}
