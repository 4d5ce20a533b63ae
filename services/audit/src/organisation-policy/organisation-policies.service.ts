import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import type { Principal } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import { Database } from '@carespine/service-kit';
import { DEFAULT_POLICY, type Policy } from './policy';

export interface KeptPolicy extends Policy {
  /** 0 for the defaults, which nobody wrote. */
  version: number;
}

export interface PolicyChange {
  version: number;
  at: string;
  by: { userId: string; name: string };
  policy: Policy;
}

/** Each organisation's procedure, in all its versions. */
@Injectable()
export class OrganisationPolicies {
  constructor(private readonly database: Database) {}

  async of(odsCode: string): Promise<KeptPolicy> {
    return (await this.ofAll([odsCode])).get(odsCode) ?? DEFAULTS;
  }

  /** The policies that organisations wrote; {@link DEFAULTS} hold for the others. */
  async ofAll(odsCodes: string[], tx?: PoolClient): Promise<Map<string, KeptPolicy>> {
    const { rows } = await (tx ?? this.database.pool).query<{ ods_code: string; version: number; policy: Policy }>({
      name: 'policies-of',
      text: 'SELECT DISTINCT ON (ods_code) ods_code, version, policy FROM organisation_policies WHERE ods_code = ANY($1) ORDER BY ods_code, version DESC',
      values: [odsCodes],
    });
    return new Map(rows.map(({ ods_code, version, policy }) => [ods_code, { ...policy, version }]));
  }

  /** @throws Fault RESOURCE_VERSION_MISMATCH when another was written since */
  async replace(who: Principal, version: number, policy: Policy): Promise<KeptPolicy> {
    const { rows } = await this.database.query({
      text: `INSERT INTO organisation_policies (ods_code, version, policy, changed_by, changed_by_name)
        SELECT $1, $2::int + 1, $3, $4, $5 WHERE $2 = (SELECT coalesce(max(version), 0) FROM organisation_policies WHERE ods_code = $1)
        ON CONFLICT DO NOTHING RETURNING version`,
      values: [who.organisation.odsCode, version, JSON.stringify(policy), who.userId ?? '', who.name ?? ''],
    });
    if (rows.length === 0) throw new Fault('RESOURCE_VERSION_MISMATCH', { diagnostics: 'The policy has changed since: read it again' });
    return { ...policy, version: version + 1 };
  }

  /** Newest first. */
  async history(odsCode: string): Promise<PolicyChange[]> {
    const { rows } = await this.database.query<{ version: number; at: Date; user_id: string; name: string; policy: Policy }>({
      text: `SELECT version, changed_at AS at, changed_by AS user_id, changed_by_name AS name, policy
        FROM organisation_policies WHERE ods_code = $1 ORDER BY version DESC LIMIT 1000`,
      values: [odsCode],
    });
    return rows.map(({ version, at, user_id, name, policy }) => ({ version, at: at.toISOString(), by: { userId: user_id, name }, policy }));
  }
}

export const DEFAULTS: KeptPolicy = { ...DEFAULT_POLICY, version: 0 };
