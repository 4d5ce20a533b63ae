import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Principal } from '@carespine/access-control';
import { AccessRecordedSchema, toBinary, type AccessRecorded } from '@carespine/contracts';
import { newEvent, Outbox, PatientKey } from '@carespine/events';
import { Fault } from '@carespine/fhir';
import { Database } from '@carespine/service-kit';
import { AuditConfig } from '../config';
import { accessOf } from './fed-access';
import { readAuditEvent, type ReadEvent } from './pars-rules';
import { badElement } from './r4-structure';

/** Clocks of suppliers may be ahead by so much. */
const AHEAD_MS = 5 * 60_000;

export interface Fed {
  /** Of the access record, which it keeps for ever. */
  id: string;
  record: AccessRecorded;
}

/** Takes suppliers' audit events: each becomes an access record like those of the platform itself, once. */
@Injectable()
export class SupplierFeed {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly patientKey: PatientKey,
    private readonly config: AuditConfig,
  ) {}

  /**
   * @param text the body as it came
   * @param requestId X-Request-ID: a repeat of it, or of the event's own id, answers with the event of the first time
   * @throws Fault naming the element; 409 when the repeat says something else
   */
  async take(who: Principal, body: Record<string, unknown>, text: string, requestId: string): Promise<Fed> {
    const read = readAuditEvent(body);
    checkCaller(who, read);
    this.checkTime(read.recorded, new Date());
    const record = accessOf(read, who, text);
    const digest = createHash('sha256').update(canonical(body)).digest();
    const event = newEvent({
      topic: 'audit.access.v1',
      type: AccessRecordedSchema.typeName,
      key: this.patientKey.of(read.nhsNumber),
      payload: toBinary(AccessRecordedSchema, record),
    });
    const key = [who.client.id, who.organisation.odsCode, requestId.toLowerCase(), read.event.id ?? null];
    return this.database.transaction(async (tx) => {
      const taken: unknown[] = await tx.query(
        `INSERT INTO fed_events (client_id, ods_code, request_id, audit_event_id, event_id, digest) VALUES ($1, $2, $3, $4, $5, $6)
          ON CONFLICT DO NOTHING RETURNING event_id`,
        [...key, event.id, digest],
      );
      if (taken.length > 0) {
        await this.outbox.add(tx, [event]);
        return { id: event.id, record };
      }
      const before: { event_id: string; digest: Buffer }[] = await tx.query(
        `SELECT event_id, digest FROM fed_events WHERE client_id = $1 AND ods_code = $2 AND (request_id = $3 OR audit_event_id = $4)`,
        key,
      );
      const [first] = before;
      if (!first || before.some((one) => one.event_id !== first.event_id || !digest.equals(one.digest))) {
        throw new Fault('VALIDATION_ERROR', {
          status: 409,
          issueCode: 'duplicate',
          diagnostics: 'The X-Request-ID or the id of the AuditEvent was used before, for another event',
          expression: 'AuditEvent.id',
        });
      }
      return { id: first.event_id, record };
    });
  }

  private checkTime(recorded: Date, now: Date): void {
    if (recorded.getTime() > now.getTime() + AHEAD_MS) throw badElement('AuditEvent.recorded', 'must not be in the future');
    const oldest = new Date(now);
    oldest.setUTCFullYear(now.getUTCFullYear() - this.config.FEED_OLDEST_YEARS);
    if (recorded < oldest) throw badElement('AuditEvent.recorded', `must not be older than ${this.config.FEED_OLDEST_YEARS} years`);
  }
}

/** @see audit specification, "AuditEvent shape": a feed event that claims another organisation than the token's: 403 */
function checkCaller(who: Principal, { requestors, user }: ReadEvent): void {
  for (const { odsCode, path } of requestors) {
    if (odsCode !== who.organisation.odsCode) throw new Fault('ACCESS_DENIED', { diagnostics: 'The organisation of the event is not the one of the token', expression: path });
  }
  if (who.userId !== undefined && user && user.who?.identifier?.value !== who.userId) {
    throw new Fault('ACCESS_DENIED', { diagnostics: 'The user of the event is not the one of the token', expression: user.path });
  }
}

/** The same for bodies that differ in blanks or in the order of members alone. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
