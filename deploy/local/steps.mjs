/** Something in the way that a person must clear; its message is one sentence that says how. */
export class Obstacle extends Error {}

const terminal = process.stdout.isTTY === true;
let openLine = false;

// A reader that goes away (`npm start | head`) must not take the stack down.
process.stdout.on('error', () => {});

/** Prints one line; on a terminal it takes the place of the line of a step that is still running. */
export function say(line) {
  process.stdout.write(`${openLine ? '\r\x1b[K' : ''}${line}\n`);
  openLine = false;
}

/**
 * Does one step of a longer work and prints one line for it: seconds taken, then its name.
 * @template T
 * @param {string} name
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(name, work) {
  const began = performance.now();
  if (terminal) {
    process.stdout.write(`          ${name} …`);
    openLine = true;
  }
  try {
    const result = await work();
    say(`${seconds(began).padStart(8)}  ${name}`);
    return result;
  } catch (error) {
    say(`${'failed'.padStart(8)}  ${name}`);
    throw error;
  }
}

/** @param {number} began a reading of `performance.now()` */
export function seconds(began) {
  return `${((performance.now() - began) / 1000).toFixed(1)} s`;
}

/** Ends the process: with one sentence for an `Obstacle` or what the system refuses, with the trace of anything unforeseen. */
export function giveUp(error) {
  console.error(error instanceof Obstacle ? error.message : (systemRefusal(error) ?? error));
  process.exit(1);
}

function systemRefusal({ code, syscall, path }) {
  return (
    syscall &&
    path &&
    `The system refuses to ${syscall} ${path} (${code}): see to its rights and to the space on its disk, and start again.`
  );
}
