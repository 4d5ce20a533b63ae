import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { isCalendarDate } from '@carespine/fhir';
import { ConfigError, readConfig } from '@carespine/service-kit';
import { AuditConfig } from '../config';
import { Holds } from '../retention/holds';
import { countErasable, eraseAccesses, eraseFiles, RetentionRefused } from '../retention/retention';
import { freeze, thaw } from '../transparency/freeze';
import { LogKeys } from '../transparency/log-keys';
import { verifyLog } from '../verification/verification';
import { checkProof } from './check-proof';

const USAGE = `npm run audit -- verify [--thaw] [--json]          holds the log against everything that was ever signed
npm run audit -- erase --before YYYY-MM-DD [--dry-run]
npm run audit -- hold add|release --case REFERENCE [--patient NHS-NUMBER …] [--everybody]
npm run audit -- hold list
npm run audit -- check-proof FILE --key VERIFIER-KEY [--key …]`;

class UsageError extends Error {}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`${line}\n`);

/** Exit codes: 1 when the log, or a proof, does not hold; 2 when the work could not be done. */
async function main(args: string[]): Promise<number> {
  try {
    const { values, positionals } = parse(args);
    const [command, what, ...more] = positionals;
    if (command === 'check-proof' && what && more.length === 0) return checkProof(what, values.key ?? [], say);
    if (more.length > 0) throw new UsageError();
    if (command === 'verify' && !what) return await verify(values);
    if (command === 'erase' && !what && values.before && isCalendarDate(values.before)) {
      return await erase(new Date(`${values.before}T00:00:00Z`), values['dry-run'] ?? false);
    }
    if (command === 'hold' && what) return await hold(what, values);
    throw new UsageError();
  } catch (error) {
    if (error instanceof UsageError) complain(USAGE);
    else if (error instanceof RetentionRefused || error instanceof ConfigError) complain(error.message);
    // a message of the database may quote what it stumbled over
    else complain(`Not finished: ${(error as Error).name} ${(error as { code?: string }).code ?? (error as Error).message}`);
    return 2;
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        thaw: { type: 'boolean' },
        json: { type: 'boolean' },
        before: { type: 'string' },
        'dry-run': { type: 'boolean' },
        case: { type: 'string' },
        patient: { type: 'string', multiple: true },
        everybody: { type: 'boolean' },
        key: { type: 'string', multiple: true },
      },
    });
  } catch {
    throw new UsageError();
  }
}

type Options = ReturnType<typeof parse>['values'];

async function verify({ thaw: thaws = false, json = false }: Options): Promise<number> {
  const config = readConfig(AuditConfig, process.env);
  let toldMs = Date.now();
  const report = await verifyLog({
    databaseUrl: config.DATABASE_URL,
    keys: new LogKeys(config),
    serviceDatabases: JSON.parse(config.SERVICE_DATABASES) as Record<string, string>,
    progress(done, of) {
      if (json || Date.now() - toldMs < 2000) return;
      toldMs = Date.now();
      say(`${done.toLocaleString('en-GB')} of ${of.toLocaleString('en-GB')} leaves (${Math.floor((done / of) * 100)} %)`);
    },
  });
  const sound = report.findings.length === 0;
  if (!sound) await withDatabase(config, (db) => freeze(db, `verification: ${report.findings.map(({ kind }) => kind).join(', ')}`));
  const thawed = sound && thaws && (await withDatabase(config, thaw));
  if (json) say(JSON.stringify(report));
  else {
    const counted = report.counted.join(', ') || 'no service';
    say(`${report.leaves} leaves, ${report.published} of them provable, held against ${report.checkpoints} checkpoints; counted against ${counted}.`);
    for (const { kind, times, at } of report.findings) say(`FAULT ${kind}: ${times} (${at.join(', ')}${times > at.length ? ', …' : ''})`);
    say(sound ? 'The log is whole.' : 'The log is NOT whole: nothing more is published until it is, and verify --thaw says so.');
    if (thawed) say('Publishing goes on.');
  }
  return sound ? 0 : 1;
}

async function erase(before: Date, isDryRun: boolean): Promise<number> {
  const config = readConfig(AuditConfig, process.env);
  const rule = { years: config.RETENTION_YEARS, yearsOf: JSON.parse(config.RETENTION_YEARS_OF) as Record<string, number> };
  return withDatabase(config, async (db) => {
    if (isDryRun) {
      for (const { service, accesses, held } of await countErasable(db, before, rule)) say(`${service}: ${accesses} would be erased, ${held} are held`);
      const { requests, alerts } = await eraseFiles(db, true);
      say(`Files of ${requests} subject access requests and ${alerts} alerts would be erased.`);
      return 0;
    }
    const erased = await eraseAccesses(db, before, rule, (done) => say(`${done} erased`));
    say(erased === 0 ? 'There is nothing to erase.' : `${erased} accesses were erased; the log says so.`);
    const { requests, alerts } = await eraseFiles(db, false);
    say(`Files of ${requests} subject access requests and ${alerts} alerts were erased.`);
    return 0;
  });
}

async function hold(what: string, { case: caseReference, patient = [], everybody = false }: Options): Promise<number> {
  const config = readConfig(AuditConfig, process.env);
  return withDatabase(config, async (db) => {
    const holds = new Holds(db);
    if (what === 'list') {
      for (const one of await holds.list()) {
        const whose = one.everybody ? 'everybody' : `${one.patients} patient${one.patients === 1 ? '' : 's'}`;
        say(`${one.caseReference}: ${whose}, since ${one.placedAt.toISOString().slice(0, 10)}`);
      }
    } else if (what === 'add' && caseReference && patient.length > 0 !== everybody) await holds.place(caseReference, patient);
    else if (what === 'release' && caseReference) await holds.release(caseReference, patient);
    else throw new UsageError();
    return 0;
  });
}

async function withDatabase<T>({ DATABASE_URL }: AuditConfig, work: (db: Client) => Promise<T>): Promise<T> {
  const db = new Client({ connectionString: DATABASE_URL, application_name: 'audit command' });
  db.on('error', () => undefined); // the query in hand tells
  await db.connect();
  try {
    return await work(db);
  } finally {
    await db.end();
  }
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
