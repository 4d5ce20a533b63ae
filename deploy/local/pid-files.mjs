import { execFileSync } from 'node:child_process';
import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Obstacle, say } from './steps.mjs';

/** What tells a process from a later one with the same id: when it began and what it runs. Undefined when there is none. */
export function identityOf(pid) {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'lstart=,command=', '-p', String(pid)], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // from the third of proc_pid_stat(5), after the name in brackets
    const [state, threads, began] = [fields[0], Number(fields[17]), fields[19]];
    return state === 'Z' && threads <= 1 ? undefined : `${began} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()}`;
  } catch {
    return undefined;
  }
}

/** Writes the file by which a later start finds this process. */
export function recordProcess(file, pid) {
  writeFileSync(file, `${pid}\n${identityOf(pid)}\n`);
}

/** @returns {number | undefined} the process of the file, if that very process is still there */
export function recordedProcess(file) {
  try {
    const [pid, identity] = readFileSync(file, 'utf8').split('\n');
    return identity && identityOf(pid) === identity ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Takes a place that one process at a time may hold; it is free again when the holder is gone, however it went.
 * @returns {number | undefined} the process that holds it already, or undefined when it is ours now
 */
export function claim(file) {
  const mine = `${file}.${process.pid}`;
  recordProcess(mine, process.pid);
  try {
    for (;;) {
      try {
        linkSync(mine, file); // makes the file with its content in one step, or fails
        return undefined;
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
        const holder = recordedProcess(file);
        if (holder) return holder;
        rmSync(file, { force: true });
      }
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Does work in a folder that one process at a time may do it in; the others wait for their turn. */
export async function inTurn(file, work) {
  let told = false;
  for (let holder; (holder = claim(file)) !== undefined; await delay(200)) {
    if (!told) say(`Waiting for process ${holder}, which prepares the same folder`);
    told = true;
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** Ends what a killed launcher left running. */
export async function endLeftovers(folder) {
  const left = readdirSync(folder)
    .filter((name) => name.endsWith('.pid') && name !== 'launcher.pid')
    .map((name) => join(folder, name));
  await Promise.all(
    left.map(async (file) => {
      const pid = recordedProcess(file);
      if (pid) await endProcess(pid, 'SIGTERM', 'SIGKILL', 5_000);
      rmSync(file, { force: true });
    }),
  );
}

/** Ends a process that is not our child, and returns when it is gone. */
export async function endProcess(pid, ask, force, graceMs) {
  // a process on its way out has lost its command already, while its last threads still hold its ports and locks
  const began = identityOf(pid)?.split(' ', 1)[0];
  const deadline = Date.now() + graceMs;
  let signal = ask;
  try {
    process.kill(pid, ask);
    while (began && identityOf(pid)?.startsWith(began)) {
      if (signal === ask && Date.now() > deadline) process.kill(pid, (signal = force));
      await delay(20);
    }
  } catch (error) {
    if (error.code === 'EPERM')
      throw new Obstacle(`Process ${pid} is left from an earlier start by another user: stop it as that user (kill ${pid}).`);
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Calls back when the npm that started us has ended. It passes no signal on to us: the shell between takes it and dies. */
export function whenNpmIsGone(callBack) {
  if (!process.env.npm_lifecycle_event) return;
  const npm = [process.ppid, parentOf(process.ppid)].find((pid) => pid && commandOf(pid).startsWith('npm '));
  if (!npm) return;
  const watch = setInterval(() => {
    if (identityOf(npm) !== undefined) return;
    clearInterval(watch);
    callBack();
  }, 500);
  watch.unref();
}

const parentOf = (pid) => Number(processField(pid, 'ppid'));
const commandOf = (pid) => processField(pid, 'command');

function processField(pid, field) {
  try {
    if (process.platform !== 'linux') return execFileSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' }).trim();
    if (field === 'command') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}
