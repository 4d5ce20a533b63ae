import { parseArgs } from 'node:util';
import { Client, Pool } from 'pg';
import { openEventLog, type EventLog } from '@carespine/events';
import { isCalendarDate } from '@carespine/fhir';
import { ConfigError, readConfig } from '@carespine/service-kit';
import { AuditConfig } from '../config';
import { Holds, requireNamed } from '../retention/holds';
import { countErasable, eraseAccesses, eraseFiles, RetentionRefused } from '../retention/retention';
import { freeze, thaw } from '../transparency/freeze';
import { LogKeys } from '../transparency/log-keys';
import { placeStatement } from '../transparency/statements';
import { SummaryKey } from '../transparency/summary-key';
import { shortageStatement, type Shortage } from '../verification/accepted-shortage';
import { verifyLog, type VerificationReport } from '../verification/verification';
import { recordAct } from './act-record';
import { checkProof } from './check-proof';

const USAGE = `npm run audit -- verify [--json] [--thaw | --accept SERVICE=ACCESSES … --as USER-ID]   holds the log against everything that was ever signed
npm run audit -- erase --before YYYY-MM-DD --dry-run | --as USER-ID
npm run audit -- hold add|release --case REFERENCE [--patient NHS-NUMBER …] [--everybody] --as USER-ID
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
      return await erase(values.before, values);
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
        accept: { type: 'string', multiple: true },
        as: { type: 'string' },
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

async function verify({ thaw: thaws = false, accept = [], as, json = false }: Options): Promise<number> {
  const config = readConfig(AuditConfig, process.env);
  const keys = new LogKeys(config);
  const shortages = accept.map(shortageOf);
  const by = thaws || shortages.length > 0 ? userOf(as) : '';
  for (const { service, accesses } of shortages) {
    await recordAct(config, by, { name: 'Accept shortage of access log', query: `service=${service}&accesses=${accesses}` });
    await withDatabase(config, (db) => place(db, shortageStatement({ service, accesses }, keys.signers)));
  }
  let toldMs = Date.now();
  const report = await withEventLog(config, (eventLog) =>
    verifyLog({
      databaseUrl: config.DATABASE_URL,
      keys,
      summaryKey: new SummaryKey(config.PATIENT_KEY_SECRET),
      serviceDatabases: JSON.parse(config.SERVICE_DATABASES) as Record<string, string>,
      eventLog,
      progress(done, of) {
        if (json || Date.now() - toldMs < 2000) return;
        toldMs = Date.now();
        say(`${done.toLocaleString('en-GB')} of ${of.toLocaleString('en-GB')} leaves (${Math.floor((done / of) * 100)} %)`);
      },
    }),
  );
  const sound = report.findings.length === 0;
  if (!sound) await withDatabase(config, (db) => freeze(db, `verification: ${report.findings.map(({ kind }) => kind).join(', ')}`));
  if (sound && thaws) await recordAct(config, by, { name: 'Thaw access log', query: `leaves=${report.leaves}` });
  const thawed = sound && thaws && (await withDatabase(config, thaw));
  if (json) say(JSON.stringify(report));
  else tell(report, thawed);
  if (!sound) return 1;
  return report.unreachable.length > 0 ? 2 : 0;
}

function tell({ leaves, published, checkpoints, counted, unreachable, onTheWay, findings }: VerificationReport, thawed: boolean): void {
  say(`${leaves} leaves, ${published} of them provable, held against ${checkpoints} checkpoints; counted against ${counted.join(', ') || 'no service'}.`);
  if (onTheWay > 0) say(`${onTheWay} accesses are on their way to the log, or among open dead letters.`);
  for (const { kind, times, at } of findings) say(`FAULT ${kind}: ${times} (${at.join(', ')}${times > at.length ? ', …' : ''})`);
  say(findings.length === 0 ? 'The log is whole.' : 'The log is NOT whole: nothing more is published until it is, and verify --thaw says so.');
  if (unreachable.length > 0) say(`Not counted, since the database did not answer: ${unreachable.join(', ')}.`);
  if (thawed) say('Publishing goes on.');
}

async function erase(day: string, { 'dry-run': isDryRun = false, as }: Options): Promise<number> {
  const config = readConfig(AuditConfig, process.env);
  const before = new Date(`${day}T00:00:00Z`);
  const rule = { years: config.RETENTION_YEARS, yearsOf: JSON.parse(config.RETENTION_YEARS_OF) as Record<string, number> };
  if (!isDryRun) await recordAct(config, userOf(as), { name: 'Erase accesses at the end of retention', query: `before=${day}` });
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

async function hold(what: string, { case: caseReference = '', patient = [], everybody = false, as }: Options): Promise<number> {
  const config = readConfig(AuditConfig, process.env);
  return withDatabase(config, async (db) => {
    const holds = new Holds(db);
    const act = { query: `case=${caseReference}${everybody ? '&everybody' : ''}`, patients: patient };
    if (what === 'list') {
      for (const one of await holds.list()) {
        const whose = one.everybody ? 'everybody' : `${one.patients} patient${one.patients === 1 ? '' : 's'}`;
        say(`${one.caseReference}: ${whose}, since ${one.placedAt.toISOString().slice(0, 10)}`);
      }
    } else if (what === 'add' && caseReference && patient.length > 0 !== everybody) {
      requireNamed(caseReference, patient);
      await recordAct(config, userOf(as), { name: 'Place litigation hold', ...act });
      await holds.place(caseReference, patient);
    } else if (what === 'release' && caseReference) {
      requireNamed(caseReference, patient);
      const patients = patient.length > 0 ? patient : await holds.patientsOf(caseReference);
      await recordAct(config, userOf(as), { name: 'Release litigation hold', ...act, patients });
      await holds.release(caseReference, patient);
    } else throw new UsageError();
    return 0;
  });
}

/** Who does it: the act is recorded under this user id. */
function userOf(as = ''): string {
  if (!/^[\w.-]{1,64}$/.test(as)) throw new UsageError();
  return as;
}

function shortageOf(text: string): Shortage {
  const [, service, accesses] = /^([\w-]{1,64})=(-?[1-9]\d{0,11})$/.exec(text) ?? [];
  if (!service || !accesses) throw new UsageError();
  return { service, accesses: Number(accesses) };
}

async function place(db: Client, statement: object): Promise<void> {
  await db.query('BEGIN'); // what fails before the commit ends with the connection
  await placeStatement({ query: async <T>(text: string, values?: unknown[]) => (await db.query(text, values)).rows as T }, statement);
  await db.query('COMMIT');
}

async function withEventLog<T>(config: AuditConfig, work: (log: EventLog) => Promise<T>): Promise<T> {
  const pool = new Pool({ connectionString: config.DATABASE_URL, max: 2 });
  pool.on('error', () => undefined); // the query in hand tells
  const log = openEventLog(config, { service: 'audit', pool });
  try {
    return await work(log);
  } finally {
    await log.close();
    await pool.end();
  }
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
