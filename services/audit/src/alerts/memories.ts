import type { PoolClient } from 'pg';
import { AccessRecordedSchema, fromBinary } from '@carespine/contracts';
import { DEFAULTS, type KeptPolicy, type OrganisationPolicies } from '../organisation-policy/organisation-policies.service';
import { isEnabled, thresholdOf } from '../organisation-policy/policy';
import { isSafeguarding } from '../accesses/withheld';
import { actOf, type Act } from './act';
import { isEmergency, isSafeguardingRead, networkOf } from './act-rules';
import type { Raising } from './raising';

const policyOf = (policies: Map<string, KeptPolicy>, act: Act): KeptPolicy => policies.get(act.odsCode) ?? DEFAULTS;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Repeated emergency access: each is remembered, and its user's others within the window are counted by patient. */
export async function repeatedEmergencies(acts: readonly Act[], policies: Map<string, KeptPolicy>, tx: PoolClient): Promise<Raising[]> {
  const emergencies = acts.filter((act) => act.userId !== '' && isEmergency(act));
  if (emergencies.length === 0) return [];
  await tx.query({
    name: 'remember-emergencies',
    text: 'INSERT INTO emergency_accesses (event_id, user_id, ods_code, nhs_number, recorded) SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])',
    values: [
      emergencies.map(({ eventId }) => eventId),
      emergencies.map(({ userId }) => userId),
      emergencies.map(({ odsCode }) => odsCode),
      emergencies.map(({ nhsNumber }) => nhsNumber),
      emergencies.map(({ recorded }) => recorded.toISOString()),
    ],
  });
  const raisings: Raising[] = [];
  for (const act of emergencies) {
    const policy = policyOf(policies, act);
    const hours = thresholdOf(policy, 'repeated-emergency', 'windowHours');
    const { rows } = await tx.query<{ event_id: string; recorded: Date; nhs_number: string }>({
      name: 'emergencies-of-user',
      text: 'SELECT event_id, recorded, nhs_number FROM emergency_accesses WHERE user_id = $1 AND ods_code = $2 AND recorded > $3 AND recorded <= $4',
      values: [act.userId, act.odsCode, new Date(act.recorded.getTime() - hours * HOUR_MS), act.recorded],
    });
    const patients = new Set(rows.map((row) => row.nhs_number)).size;
    const needed = thresholdOf(policy, 'repeated-emergency', 'patients');
    if (patients < needed || !isEnabled(policy, 'repeated-emergency')) continue;
    raisings.push({
      act: { ...act, nhsNumber: '' },
      rule: 'repeated-emergency',
      reason: `Emergency access to ${patients} patients within ${hours} hours`,
      cause: act.userId,
      evidence: rows.map((row) => ({ eventId: row.event_id, recorded: row.recorded })),
      needed,
    });
  }
  return raisings;
}

/** Networks that an organisation's clients are used from. Which are usual is learnt first, for as long as the policy says. */
export class ClientNetworks {
  private readonly known = new Set<string>();

  forget(): void {
    this.known.clear();
  }

  async hits(acts: readonly Act[], policies: Map<string, KeptPolicy>, tx: PoolClient): Promise<Raising[]> {
    const unknown = new Map<string, { act: Act; network: string }>();
    for (const act of acts) {
      if (act.outcome !== 0 || act.clientId === '' || act.odsCode === '' || act.clientAddress === '') continue;
      const network = networkOf(act.clientAddress);
      const key = `${act.odsCode} ${act.clientId} ${network}`;
      if (network !== undefined && !this.known.has(key) && !unknown.has(key)) unknown.set(key, { act, network });
    }
    if (unknown.size === 0) return [];
    const candidates = [...unknown.values()];
    const columns = [candidates.map(({ act }) => act.odsCode), candidates.map(({ act }) => act.clientId)];
    const { rows: clients } = await tx.query<{ ods_code: string; client_id: string; since: Date }>({
      text: `SELECT ods_code, client_id, min(first_used) AS since FROM client_networks
        WHERE (ods_code, client_id) IN (SELECT * FROM unnest($1::text[], $2::text[])) GROUP BY ods_code, client_id`,
      values: columns,
    });
    const since = new Map(clients.map((row) => [`${row.ods_code} ${row.client_id}`, row.since.getTime()]));
    const { rows: added } = await tx.query<{ ods_code: string; client_id: string; network: string }>({
      text: `INSERT INTO client_networks (ods_code, client_id, network, first_used) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
        ON CONFLICT DO NOTHING RETURNING ods_code, client_id, network`,
      values: [...columns, candidates.map(({ network }) => network), candidates.map(({ act }) => act.recorded.toISOString())],
    });
    if (this.known.size > 500_000) this.known.clear();
    for (const key of unknown.keys()) this.known.add(key);
    return added.flatMap((row) => {
      const found = unknown.get(`${row.ods_code} ${row.client_id} ${row.network}`);
      if (!found) return [];
      const { act } = found;
      const policy = policyOf(policies, act);
      const learntForMs = act.recorded.getTime() - (since.get(`${row.ods_code} ${row.client_id}`) ?? Number.POSITIVE_INFINITY);
      if (learntForMs < thresholdOf(policy, 'new-network', 'learningDays') * DAY_MS || !isEnabled(policy, 'new-network')) return [];
      return [{ act: { ...act, nhsNumber: '' }, rule: 'new-network', reason: 'First used from this network', cause: `${act.clientId}|${row.network}`, evidence: [act] }];
    });
  }
}

/** A safeguarding read should be followed by some other work on the same patient: looked at when the policy's delay is over. */
export async function awaitContacts(acts: readonly Act[], policies: Map<string, KeptPolicy>, tx: PoolClient): Promise<void> {
  const reads = acts.filter(isSafeguardingRead);
  if (reads.length === 0) return;
  const dueAt = (act: Act): string => new Date(act.recorded.getTime() + thresholdOf(policyOf(policies, act), 'safeguarding-without-contact', 'delayHours') * HOUR_MS).toISOString();
  await tx.query('INSERT INTO awaited_contacts (event_id, due_at) SELECT * FROM unnest($1::uuid[], $2::timestamptz[])', [reads.map(({ eventId }) => eventId), reads.map(dueAt)]);
}

/**
 * The safeguarding reads whose time is over and that no contact followed: no later act of the same organisation with that patient, but for
 * further looks. Whether the organisation has the rule is asked now: it may have switched it off since.
 */
export async function missedContacts(policies: OrganisationPolicies, tx: PoolClient): Promise<Raising[]> {
  const { rows } = await tx.query<{ event_id: string; ods_code: string; payload: Buffer; later: Buffer[] }>({
    name: 'missed-contacts',
    text: `WITH due AS (
        SELECT event_id, due_at FROM awaited_contacts WHERE due_at <= now() ORDER BY due_at LIMIT 200 FOR UPDATE SKIP LOCKED
      ), gone AS (DELETE FROM awaited_contacts USING due WHERE awaited_contacts.event_id = due.event_id)
      SELECT event_id, reading.ods_code, reading.payload, ARRAY(
          SELECT later.payload FROM access_events AS later WHERE later.nhs_number = reading.nhs_number AND later.nhs_number <> '' AND later.ods_code = reading.ods_code
            AND later.recorded > reading.recorded AND later.recorded <= due.due_at AND later.outcome = 0 AND later.service <> 'audit'
          ORDER BY later.recorded DESC LIMIT 100
        ) AS later
      FROM due JOIN access_events AS reading USING (event_id)`,
  });
  const own = await policies.ofAll([...new Set(rows.map((row) => row.ods_code))], tx);
  return rows
    .filter((row) => isEnabled(own.get(row.ods_code) ?? DEFAULTS, 'safeguarding-without-contact'))
    .filter(({ later }) => later.every((payload) => isSafeguarding(fromBinary(AccessRecordedSchema, payload))))
    .map(({ event_id, payload }) => {
      const act = actOf(event_id, fromBinary(AccessRecordedSchema, payload));
      return { act, rule: 'safeguarding-without-contact', reason: 'No other contact followed', cause: `${act.userId}|${act.nhsNumber}`, evidence: [act] };
    });
}
