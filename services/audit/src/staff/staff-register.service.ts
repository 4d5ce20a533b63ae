import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { create, StaffRecordLinkedSchema, toBinary } from '@carespine/contracts';
import { newEvent, Outbox, PatientKey } from '@carespine/events';
import { Database, LOG, type Log } from '@carespine/service-kit';
import { AuditConfig } from '../config';
import { londonDay } from '../london';
import { readStaff } from './staff-file';

/** Somebody as an access record names them. */
export interface StaffMember {
  userId: string;
  odsCode: string;
  name: string;
  jobRole: string;
  jobRoleName: string;
}

/** Who works where, and who of them is a patient: from the staff files, and from what access records say. */
@Injectable()
export class StaffRegister implements OnApplicationBootstrap {
  /** What was last written of each member, so that a busy one costs no statement. */
  private readonly written = new Map<string, string>();

  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly userKey: PatientKey,
    private readonly config: AuditConfig,
    @Inject(LOG) private readonly log: Log,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const paths = this.config.STAFF.split(',').map((path) => path.trim()).filter(Boolean);
    if (paths.length > 0) await this.load(paths);
  }

  /** Takes over the files: what they say of a person replaces what was known of her, and who is a patient is told to those who know addresses. */
  private async load(paths: string[]): Promise<void> {
    const staff = readStaff(paths, londonDay(new Date()));
    const positions = staff.flatMap(({ userId, positions: held }) => held.map((position) => ({ userId, ...position })));
    const patients = new Map(staff.flatMap(({ userId, nhsNumber }) => (nhsNumber === undefined ? [] : [[userId, nhsNumber] as const])));
    const ended = staff.flatMap((person) => person.ended);
    await this.database.transaction(async (tx) => {
      // replicas that start together take turns
      await tx.query('LOCK TABLE staff_patients IN EXCLUSIVE MODE');
      await tx.query(UPSERT_FROM_FILE, columns(positions));
      await tx.query('DELETE FROM ended_roles');
      await tx.query('INSERT INTO ended_roles (role_profile_id, ended) SELECT DISTINCT ON (1) * FROM unnest($1::text[], $2::date[])', [
        ended.map(({ roleProfileId }) => roleProfileId),
        ended.map(({ day }) => day),
      ]);
      const known = (await tx.query('SELECT user_id, nhs_number FROM staff_patients')) as { user_id: string; nhs_number: string }[];
      const before = new Map(known.map(({ user_id, nhs_number }) => [user_id, nhs_number]));
      const changed = [...new Set([...before.keys(), ...patients.keys()])].filter((userId) => before.get(userId) !== patients.get(userId));
      await tx.query('DELETE FROM staff_patients WHERE user_id = ANY($1::text[])', [changed]);
      const linked = changed.filter((userId) => patients.has(userId));
      await tx.query('INSERT INTO staff_patients (user_id, nhs_number) SELECT * FROM unnest($1::text[], $2::text[])', [linked, linked.map((userId) => patients.get(userId))]);
      await this.outbox.add(tx, changed.map((userId) => this.linkOf(userId, patients.get(userId) ?? '')));
    });
    this.log.info({ members: positions.length, patients: patients.size }, 'staff.loaded');
  }

  /** Learns who works where from access records. */
  async meet(members: StaffMember[], tx: PoolClient): Promise<void> {
    const latest = new Map(members.filter(({ userId, odsCode }) => userId && odsCode).map((member) => [`${member.userId} ${member.odsCode}`, member]));
    const unwritten = [...latest].filter(([key, member]) => this.written.get(key) !== JSON.stringify(member));
    if (unwritten.length === 0) return;
    await tx.query({ name: 'meet-staff', text: UPSERT_MET, values: columns(unwritten.map(([, member]) => member)) });
    if (this.written.size > MOST_REMEMBERED) this.written.clear();
    for (const [key, member] of unwritten) this.written.set(key, JSON.stringify(member));
  }

  /** What was written last may have been rolled back. */
  forget(): void {
    this.written.clear();
  }

  private linkOf(userId: string, nhsNumber: string): ReturnType<typeof newEvent> {
    return newEvent({
      topic: 'audit.staff.v1',
      type: StaffRecordLinkedSchema.typeName,
      key: this.userKey.of(userId),
      payload: toBinary(StaffRecordLinkedSchema, create(StaffRecordLinkedSchema, { userId, nhsNumber })),
    });
  }
}

const MOST_REMEMBERED = 200_000;

const UPSERT = `INSERT INTO staff_members (user_id, ods_code, name, job_role, job_role_name)
  SELECT DISTINCT ON (user_id, ods_code) * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS given (user_id, ods_code, name, job_role, job_role_name)
  ORDER BY user_id, ods_code
  ON CONFLICT ON CONSTRAINT staff_members_pkey DO UPDATE SET`;
const UPSERT_FROM_FILE = `${UPSERT} name = excluded.name, job_role = excluded.job_role, job_role_name = excluded.job_role_name`;
/** Who is an officer stays one, also while she works in another role; a record without a name, or by no role, teaches nothing. */
const UPSERT_MET = `${UPSERT}
  name = CASE WHEN excluded.name = '' THEN staff_members.name ELSE excluded.name END,
  job_role = CASE WHEN excluded.job_role = '' OR staff_members.job_role IN ('R0001', 'R5105') THEN staff_members.job_role ELSE excluded.job_role END,
  job_role_name = CASE WHEN excluded.job_role = '' OR staff_members.job_role IN ('R0001', 'R5105') THEN staff_members.job_role_name ELSE excluded.job_role_name END`;

const columns = (members: StaffMember[]): unknown[] => [
  members.map(({ userId }) => userId),
  members.map(({ odsCode }) => odsCode),
  members.map(({ name }) => name),
  members.map(({ jobRole }) => jobRole),
  members.map(({ jobRoleName }) => jobRoleName),
];
