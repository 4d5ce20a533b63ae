import { IsString, MinLength } from 'class-validator';
import { Pool } from 'pg';
import { Outbox, PatientKey } from '@carespine/events';
import { ConfigError, readConfig } from '@carespine/service-kit';
import { eventsOfLoad } from '../patients/patient-events';
import type { Publish } from './load';
import { complain, orderOf, runPopulation, USAGE, type Order } from './population';

class PopulationConfig {
  @IsString() @MinLength(1) DATABASE_URL!: string;

  /** Secret of the keyed hash under which patients' events are ordered; one for the whole platform. */
  @IsString() @MinLength(32) PATIENT_KEY_SECRET!: string;
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
  let pool: Pool | undefined;
  try {
    const config = readConfig(PopulationConfig, process.env);
    pool = new Pool({ connectionString: config.DATABASE_URL, max: 2, application_name: 'population' });
    // a connection that breaks while it rests is no fault: the next query says so
    pool.on('error', () => undefined);
    const outbox = new Outbox(pool);
    const key = new PatientKey(config.PATIENT_KEY_SECRET);
    const publish: Publish = (client, patients, replaced) =>
      outbox.add(client, patients.flatMap((patient) => eventsOfLoad(patient, replaced?.has(patient.id) ?? false, key)));
    return await runPopulation(order, pool, publish);
  } catch (error) {
    complain(error instanceof ConfigError ? error.message : `Not finished: ${(error as Error).message}`);
    return 2;
  } finally {
    await pool?.end();
  }
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
