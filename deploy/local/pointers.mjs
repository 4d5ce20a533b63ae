import { resolve } from 'node:path';
import { runAsOwner } from './as-owner.mjs';

/** `npm run pointers -- …`: pointers and their permissions in the copy that is running; its arguments are those of the program. */
// npm changes to the workspace; a file is meant from where the person stands
const from = process.env.INIT_CWD ?? process.cwd();
const args = process.argv.slice(2);
const isFile = (/** @type {string} */ arg, /** @type {number} */ at) =>
  (at === 1 && ['import', 'export'].includes(args[0]) && !arg.startsWith('--')) || args[at - 1] === '--errors';
await runAsOwner(
  'record_locator',
  'services/record-locator/dist/src/bulk/main.js',
  args.map((arg, at) => (isFile(arg, at) ? resolve(from, arg) : arg)),
);
