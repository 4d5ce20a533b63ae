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
  /** A supplier's word: good for a name that is not known otherwise, not for a role. */
  isFed: boolean;
}

/**
 * Who works where, in which roles, and who of them is a patient: from the staff files, and from the signed contexts that access records carry.
 * Of whom the files name they say everything; a role that was met is forgotten when it is not used for {@link ROLE_KEPT_DAYS}.
 */
@Injectable()
export class StaffRegister implements OnApplicationBootstrap {
  /** What was last written of each member, so that a busy one costs no statement. */
  private readonly written = new Set<string>();
  private writtenOn = '';

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

  /**
   * Takes over the files: what they say of a person replaces what was known of her, who is in them no more has left, and who is a patient is told
   * to those who know addresses. Names stay: reports look back.
   */
  private async load(paths: string[]): Promise<void> {
    const today = londonDay(new Date());
    const staff = readStaff(paths, today);
    const positions = staff.flatMap(({ userId, positions: held }) => held.map((position) => ({ userId, ...position })));
    const patients = new Map(staff.flatMap(({ userId, nhsNumber }) => (nhsNumber === undefined ? [] : [[userId, nhsNumber] as const])));
    const ended = staff.flatMap((person) => person.ended);
    await this.database.transaction(async (tx) => {
      // replicas that start together take turns
      await tx.query('LOCK TABLE staff_patients IN EXCLUSIVE MODE');
      await tx.query('DELETE FROM staff_roles WHERE from_file OR user_id = ANY($1::text[])', [staff.map(({ userId }) => userId)]);
      await tx.query(ADD_ROLES, [...roleColumns(positions), true, today]);
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
    const today = londonDay(new Date());
    if (this.writtenOn !== today) {
      this.written.clear();
      await tx.query('DELETE FROM staff_roles WHERE NOT from_file AND met_on < $1::date - $2::int', [today, ROLE_KEPT_DAYS]);
      this.writtenOn = today;
    }
    const named = members.filter(({ userId, odsCode }) => userId && odsCode).map((member) => [JSON.stringify(member), member] as const);
    const unwritten = new Map(named.filter(([key]) => !this.written.has(key)));
    if (unwritten.size === 0) return;
    const latest = (isFed: boolean): StaffMember[] => [
      ...new Map([...unwritten.values()].filter((member) => member.isFed === isFed).map((member) => [`${member.userId} ${member.odsCode}`, member])).values(),
    ];
    const signed = [...unwritten.values()].filter(({ isFed, jobRole }) => !isFed && jobRole);
    await tx.query({ name: 'meet-staff', text: UPSERT_MET, values: columns(latest(false)) });
    await tx.query({ name: 'meet-roles', text: ADD_ROLES, values: [...roleColumns(signed), false, today] });
    await tx.query({ name: 'hear-of-staff', text: ADD_UNKNOWN, values: columns(latest(true).map((member) => ({ ...member, jobRole: '', jobRoleName: '' }))) });
    if (this.written.size > MOST_REMEMBERED) this.written.clear();
    for (const key of unwritten.keys()) this.written.add(key);
  }

  /** What was written last may have been rolled back. */
  forget(): void {
    this.written.clear();
    this.writtenOn = '';
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
const ROLE_KEPT_DAYS = 90;

const ADD = `INSERT INTO staff_members (user_id, ods_code, name, job_role, job_role_name)
  SELECT DISTINCT ON (user_id, ods_code) user_id, ods_code, name, job_role, job_role_name
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS given (user_id, ods_code, name, job_role, job_role_name, at)
  ORDER BY user_id, ods_code, at
  ON CONFLICT ON CONSTRAINT staff_members_pkey DO`;
const ADD_UNKNOWN = `${ADD} NOTHING`;
/** The role that goes with a name is the one last acted in, as long as it is held. */
const IS_HELD = 'EXISTS (SELECT FROM staff_roles AS held WHERE held.user_id = excluded.user_id AND held.ods_code = excluded.ods_code AND held.job_role = staff_members.job_role)';
const UPSERT_FROM_FILE = `${ADD} UPDATE SET name = excluded.name,
  job_role = CASE WHEN ${IS_HELD} THEN staff_members.job_role ELSE excluded.job_role END,
  job_role_name = CASE WHEN ${IS_HELD} THEN staff_members.job_role_name ELSE excluded.job_role_name END`;
/** A record without a name, or by no role, teaches nothing. */
const UPSERT_MET = `${ADD} UPDATE SET
  name = CASE WHEN excluded.name = '' THEN staff_members.name ELSE excluded.name END,
  job_role = CASE WHEN excluded.job_role = '' THEN staff_members.job_role ELSE excluded.job_role END,
  job_role_name = CASE WHEN excluded.job_role = '' THEN staff_members.job_role_name ELSE excluded.job_role_name END`;
const ADD_ROLES = `INSERT INTO staff_roles (user_id, ods_code, job_role, from_file, met_on)
  SELECT DISTINCT user_id, ods_code, job_role, $4::boolean, $5::date FROM unnest($1::text[], $2::text[], $3::text[]) AS given (user_id, ods_code, job_role) ORDER BY 1, 2, 3
  ON CONFLICT ON CONSTRAINT staff_roles_pkey DO UPDATE SET met_on = excluded.met_on`;

type Held = Pick<StaffMember, 'userId' | 'odsCode' | 'jobRole'>;
const roleColumns = (held: Held[]): unknown[] => [held.map(({ userId }) => userId), held.map(({ odsCode }) => odsCode), held.map(({ jobRole }) => jobRole)];

const columns = (members: Omit<StaffMember, 'isFed'>[]): unknown[] => [
  members.map(({ userId }) => userId),
  members.map(({ odsCode }) => odsCode),
  members.map(({ name }) => name),
  members.map(({ jobRole }) => jobRole),
  members.map(({ jobRoleName }) => jobRoleName),
];
