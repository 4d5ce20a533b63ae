import { resolve } from 'node:path';
import { runAsOwner } from './as-owner.mjs';

/** `npm run population -- …`: fills the demographics of the copy that is running; its arguments are those of the program. */
// npm changes to the workspace; a file is meant from where the person stands
const from = process.env.INIT_CWD ?? process.cwd();
const args = process.argv.slice(2).map((arg, at, all) => {
  if (arg.startsWith('--import=')) return `--import=${resolve(from, arg.slice('--import='.length))}`;
  return all[at - 1] === '--import' ? resolve(from, arg) : arg;
});
await runAsOwner('demographics', 'services/demographics/dist/src/population/main.js', args);
