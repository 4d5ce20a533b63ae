import { IsString, MinLength } from 'class-validator';
import { randomUUID } from 'node:crypto';
import { createWriteStream, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { DataSource } from 'typeorm';
import { AccessLog, type Principal } from '@carespine/access-control';
import { Interaction, Outcome } from '@carespine/contracts';
import { Outbox, PatientKey } from '@carespine/events';
import { Fault } from '@carespine/fhir';
import { ConfigError, Database, readConfig } from '@carespine/service-kit';
import { ANY, grantOf, permissionsOf, type Grant } from '../permissions/permission';
import { Permissions } from '../permissions/permissions.service';
import type { Acting } from '../pointers/acting';
import { PointerRegister } from '../pointers/pointer-register.service';
import type { DocumentReference } from '../pointers/document-reference';
import { checkedPointer } from '../validation/checked-pointer';
import { exportPointers } from './export';
import { importPointers } from './import';
import { orderOf, USAGE, type Order } from './order';

/** The host that stands in the demo's addresses: on one machine DEMO_PROVIDER takes its place. */
const PROVIDER = 'provider-simulator.example.nhs.uk';

class PointersConfig {
  @IsString() @MinLength(1) DATABASE_URL!: string;

  /** Secret of the keyed hash under which patients' events are ordered; one for the whole platform. */
  @IsString() @MinLength(32) PATIENT_KEY_SECRET!: string;

  /** Host and port at which the demo's documents are. */
  @IsString() DEMO_PROVIDER = PROVIDER;
}

/** Exit codes: 1 when lines of an import were refused, 2 when the work could not be done. */
async function main(args: string[]): Promise<number> {
  let order: Order;
  try {
    order = orderOf(args);
  } catch (error) {
    complain(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  let source: DataSource | undefined;
  try {
    const config = readConfig(PointersConfig, process.env);
    source = await new DataSource({ type: 'postgres', url: config.DATABASE_URL, applicationName: 'pointers', poolSize: 4 }).initialize();
    const database = new Database(source);
    const [outbox, key] = [new Outbox(database.pool), new PatientKey(config.PATIENT_KEY_SECRET)];
    return await run(order, {
      database,
      permissions: new Permissions(database, {}),
      register: new PointerRegister(database, outbox, key),
      accesses: new AccessLog('record-locator', outbox, key),
      provider: config.DEMO_PROVIDER,
    });
  } catch (error) {
    complain(error instanceof ConfigError ? error.message : `Not finished: ${(error as Error).message}`);
    return 2;
  } finally {
    await source?.destroy();
  }
}

interface Tools {
  database: Database;
  permissions: Permissions;
  register: PointerRegister;
  accesses: AccessLog;
  provider: string;
}

async function run(order: Order, tools: Tools): Promise<number> {
  switch (order.kind) {
    case 'import':
      return runImport(order, tools);
    case 'export':
      return runExport(order, tools);
    case 'demo':
      return runDemo(order.file, tools);
    case 'list':
      for (const permission of await tools.permissions.list(order.organisation)) say(JSON.stringify(permission));
      return 0;
    case 'grant':
      await tools.permissions.grant(order.permission);
      return 0;
    case 'revoke':
      if (await tools.permissions.revoke(order.permission)) return 0;
      complain('There is no such permission.');
      return 1;
  }
}

async function runImport(
  { file, organisation, application, errors }: Extract<Order, { kind: 'import' }>,
  { database, permissions, register, accesses }: Tools,
): Promise<number> {
  const held = (await permissions.list()).filter(
    (permission) =>
      permission.side === 'producer' &&
      [organisation, ANY].includes(permission.organisation) &&
      (application === undefined || permission.application === application),
  );
  const grant = grantOf(held);
  if (grant.types.size === 0) throw new Error(`${organisation} may not produce pointers of any type: grant it a permission first.`);
  const began = performance.now();
  let shownAt = 0;
  const { loaded, alreadyLoaded, refused } = await importPointers(database.pool, {
    file,
    errors,
    register,
    acting: actingAs(organisation, application ?? 'pointers-import', grant),
    report(summary) {
      const now = performance.now();
      if (now - shownAt < (process.stdout.isTTY ? 200 : 10_000)) return;
      shownAt = now;
      process.stdout.write(
        `${process.stdout.isTTY ? '\r\x1b[K' : ''}${summary.lines} lines, ${summary.refused} refused${process.stdout.isTTY ? '' : '\n'}`,
      );
    },
  });
  await record(accesses, Interaction.IMPORT, 'Import pointers', organisation, application);
  if (process.stdout.isTTY && shownAt > 0) process.stdout.write('\n');
  say(`${loaded} loaded, ${alreadyLoaded} already loaded, ${refused} refused, in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  if (refused === 0) return 0;
  complain(`What was refused, and why: ${errors}`);
  return 1;
}

async function runExport(
  { file, organisation, deceased }: Extract<Order, { kind: 'export' }>,
  { database, accesses }: Tools,
): Promise<number> {
  await record(accesses, Interaction.EXPORT, 'Export pointers', organisation);
  const out = file === undefined ? process.stdout : createWriteStream(file, { mode: 0o600 });
  let count = 0;
  for await (const records of exportPointers(database.pool, organisation, deceased)) {
    count += records.length;
    if (!out.write(`${records.join('\n')}\n`)) await once(out, 'drain');
  }
  if (out !== process.stdout) {
    out.end();
    await once(out, 'finish');
    say(`${count} pointers`);
  }
  return 0;
}

/** Pointers of several organisations, for a stack to show; those that are here stay as they are. */
async function runDemo(file: string, { register, provider }: Tools): Promise<number> {
  const everything = grantOf(
    permissionsOf({
      application: 'demo',
      organisation: '*',
      producer: { access_controls: ['allow_all_types', 'allow_override_creation_datetime'] },
    }),
  );
  for (const line of readFileSync(file, 'utf8').replaceAll(PROVIDER, provider).split('\n').filter(Boolean)) {
    const value = JSON.parse(line) as DocumentReference;
    const custodian = value.custodian.identifier.value ?? '';
    try {
      await register.create(checkedPointer(value, custodian, true), true, actingAs(custodian, 'demo', everything), {
        id: randomUUID(),
        traceparent: '',
      });
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'DUPLICATE_REJECTED') throw error;
    }
  }
  return 0;
}

function actingAs(organisation: string, application: string, grant: Grant): Acting {
  const who: Principal = {
    mode: 'application-restricted',
    client: { id: application, name: application, productId: '', attributes: {} },
    organisation: { odsCode: organisation, name: '' },
    permissions: new Set(['pointers.produce']),
    stepUp: new Set(),
    aal: 0,
    workgroups: [],
    tokenId: '',
  };
  return { who, organisation, grant };
}

const record = (accesses: AccessLog, interaction: Interaction, name: string, odsCode: string, clientId?: string): Promise<void> =>
  accesses.record(
    { interaction, name, outcome: Outcome.SUCCESS, resource: 'DocumentReference', agent: { odsCode, clientId }, requestId: randomUUID() },
    [],
  );

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const complain = (line: string): boolean => process.stderr.write(`${line}\n`);

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
