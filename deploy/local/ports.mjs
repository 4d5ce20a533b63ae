import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { host } from './settings.mjs';
import { Obstacle } from './steps.mjs';

/** Refuses ports that something else holds, before anything is started on the others. */
export async function requireFreePorts(ports) {
  for (const port of ports) {
    const fault = await listenOnce(port).then(
      () => undefined,
      (error) => error.code,
    );
    if (fault === 'EADDRINUSE') {
      const holder = holderOf(port);
      throw new Obstacle(
        `Port ${port} is taken${holder ? ` by process ${holder.pid} (${holder.command})` : ''}: ` +
          `stop ${holder ? `it (kill ${holder.pid})` : 'that program'}, or choose other ports with CARESPINE_PORT.`,
      );
    }
    if (fault) throw new Obstacle(`Port ${port} may not be used (${fault}): choose other ports with CARESPINE_PORT.`);
  }
}

/** A port that nothing holds at this moment. */
export const freePort = () => listenOnce(0);

/** @returns {Promise<number>} the port that was free to listen on */
function listenOnce(port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => {
      const { port: taken } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(taken));
    });
  });
}

/** Who listens on a port, where the system tells us (Linux, and a process that we may look into). */
function holderOf(port) {
  try {
    const hexadecimal = port.toString(16).toUpperCase().padStart(4, '0');
    const listening = ['/proc/net/tcp', '/proc/net/tcp6']
      .flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(1))
      .map((line) => line.trim().split(/\s+/))
      .find(([, local, , state]) => local?.endsWith(`:${hexadecimal}`) && state === '0A');
    const socket = `socket:[${listening?.[9]}]`;
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      if (holds(pid, socket))
        return { pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 120) };
    }
  } catch {
    // Not knowing costs the reader a detail only.
  }
  return undefined;
}

function holds(pid, socket) {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${descriptor}`) === socket;
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}
