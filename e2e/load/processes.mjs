import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const TICKS = 100;

/** @typedef {{ name: string, pids: number[] }} Group processes that are counted together */

/** The platform's processes, by the launcher's pid files; the database's are one group. */
export function groupsOf(home) {
  const groups = readdirSync(join(home, 'run'))
    .filter((file) => file.endsWith('.pid') && file !== 'launcher.pid')
    .map((file) => ({ name: file.slice(0, -4), pids: [pidIn(join(home, 'run', file))] }));
  const version = readdirSync(home).find((folder) => folder.startsWith('postgres-'));
  const postmaster = Number(readFileSync(join(home, version, 'postmaster.pid'), 'utf8').split('\n')[0]);
  return [...groups, { name: 'postgres', pids: [postmaster] }];
}

function pidIn(file) {
  const content = readFileSync(file, 'utf8');
  return Number(/\d+/.exec(content)?.[0]);
}

/** CPU seconds that each group has used so far, its children's included. */
export function cpuSeconds(groups) {
  return Object.fromEntries(groups.map(({ name, pids }) => [name, membersOf(pids).reduce((sum, pid) => sum + cpuOf(pid), 0)]));
}

/** Memory in MB that each group holds for itself (proportional set size). */
export function memoryMb(groups) {
  return Object.fromEntries(groups.map(({ name, pids }) => [name, Math.round(membersOf(pids).reduce((sum, pid) => sum + pssOf(pid), 0) / 1024)]));
}

function membersOf(pids) {
  const members = new Set(pids);
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = Number(statOf(Number(entry))?.[1]);
    if (members.has(parent)) members.add(Number(entry));
  }
  return [...members];
}

/** Fields of /proc/<pid>/stat behind the command's name: state, parent, … */
function statOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** User and system time; for ended children as well, since a database's connections come and go. */
function cpuOf(pid) {
  const stat = statOf(pid);
  return stat ? stat.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS : 0;
}

function pssOf(pid) {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
