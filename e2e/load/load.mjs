import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadAudit } from './audit.mjs';
import { measureEvents } from './events.mjs';
import { loadPatients } from './patients.mjs';
import { loadPointers } from './pointers.mjs';

/*
 * npm run load [-- --scenarios retrieve,search,mixed,update,fuzzy] and others: README.md. Each starts what it measures, and removes it.
 */
const { values: options } = parseArgs({
  options: {
    scenarios: { type: 'string', default: 'retrieve,search,mixed,update,fuzzy' },
    seconds: { type: 'string', default: '8' },
    connections: { type: 'string', default: '1,16,64' },
    port: { type: 'string', default: '18700' },
    json: { type: 'string' },
    patients: { type: 'string', default: '100000' },
    user: { type: 'string', default: '555000000105' },
    kafka: { type: 'boolean', default: false },
    leaves: { type: 'string', default: '100000,10000000' },
    events: { type: 'string', default: '300000' },
    verify: { type: 'boolean', default: false },
    pointers: { type: 'string', default: '100000' },
    more: { type: 'string', default: '0' },
    minutes: { type: 'string', default: '0' },
  },
});
const numbers = (list) => list.split(',').map(Number);
const common = { port: Number(options.port), seconds: Number(options.seconds), connections: numbers(options.connections) };
const asked = options.scenarios.split(',');
const results = {};

/** Measures what is asked for by a name of its own. */
async function take(name, work) {
  if (!asked.includes(name)) return;
  asked.splice(asked.indexOf(name), 1);
  Object.assign(results, await work());
}

await take('events', () => measureEvents({ ...common, kafka: options.kafka }));
await take('audit', () => loadAudit({ ...common, leaves: numbers(options.leaves), events: Number(options.events), verify: options.verify }));
await take('pointers', () => loadPointers({ ...common, pointers: Number(options.pointers), more: Number(options.more), minutes: Number(options.minutes) }));
if (asked.length > 0) Object.assign(results, await loadPatients({ ...common, patients: options.patients, user: options.user, scenarios: asked }));

if (options.json) writeFileSync(options.json, JSON.stringify(results, null, 2));
process.exit(0); // whatever a client still holds
