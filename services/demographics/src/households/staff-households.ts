import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Principal } from '@carespine/access-control';
import type { StaffRecordLinked } from '@carespine/contracts';
import type { Patient } from '@carespine/fhir';
import { Database, LOG, type Log } from '@carespine/service-kit';
import { todayInLondon } from '../patients/london';
import type { Served } from '../patients/patient-register.service';
import { householdOf, isShared, type Household } from './household';

/** The pool, or a transaction. */
interface Queries {
  query<R extends object>(text: string, values?: unknown[]): Promise<{ rows: R[] }>;
}

/** Staff move house, and events reach one replica of several. */
const READ_AGAIN_MS = 30_000;

const HOUSEHOLDS = `SELECT staff.user_id, coalesce(retained.record, own.record) AS record
  FROM staff_patients AS staff JOIN patients AS own USING (nhs_number) LEFT JOIN patients AS retained ON retained.nhs_number = own.superseded_by`;

/** The households of those few users who are patients too, held in memory: for everybody else a read costs one look into a map. */
@Injectable()
export class StaffHouseholds implements OnApplicationBootstrap, OnModuleDestroy {
  private households = new Map<string, Household & { nhsNumber: string }>();
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly database: Database,
    @Inject(LOG) private readonly log: Log,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.readAll(this.database.pool);
    this.timer = setInterval(() => void this.readAll(this.database.pool).catch((error: Error) => this.log.warn({ reason: error.name }, 'households.not-read')), READ_AGAIN_MS);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** What is older than what is known is passed by; who is no patient any more stays known, for that. */
  async link(records: (StaffRecordLinked & { toldAt: Date })[], tx: Queries): Promise<void> {
    for (const { userId, nhsNumber, toldAt } of records) {
      await tx.query(
        `INSERT INTO staff_patients AS known (user_id, nhs_number, told_at) VALUES ($1, nullif($2, ''), $3)
          ON CONFLICT (user_id) DO UPDATE SET nhs_number = excluded.nhs_number, told_at = excluded.told_at WHERE known.told_at <= excluded.told_at`,
        [userId, nhsNumber, toldAt],
      );
    }
    await this.readAll(tx);
  }

  /** Whether there is anything to compare. */
  knows({ userId }: Principal): boolean {
    return userId !== undefined && this.households.has(userId);
  }

  /** Whether a record that is answered is of the user's household; what the answer hides of a restricted patient counts as well. */
  async shares(who: Principal, { nhsNumber, confidentiality, json }: Served): Promise<boolean> {
    if (confidentiality === 'U') return this.sharesWith(who, JSON.parse(json) as Patient);
    const { rows } = await this.database.query<{ record: string }>({ name: 'household-record', text: 'SELECT record FROM patients WHERE nhs_number = $1', values: [nhsNumber] });
    return rows[0] !== undefined && this.sharesWith(who, JSON.parse(rows[0].record) as Patient);
  }

  /** Nobody shares a household with herself: her own record is another rule's. */
  sharesWith({ userId = '' }: Principal, patient: Patient): boolean {
    const own = this.households.get(userId);
    return own !== undefined && own.nhsNumber !== patient.id && isShared(own, householdOf(patient, todayInLondon()));
  }

  private async readAll(db: Queries): Promise<void> {
    const { rows } = await db.query<{ user_id: string; record: string }>(HOUSEHOLDS);
    const today = todayInLondon();
    this.households = new Map(
      rows.map(({ user_id, record }) => {
        const patient = JSON.parse(record) as Patient;
        return [user_id, { ...householdOf(patient, today), nhsNumber: patient.id }];
      }),
    );
  }
}
