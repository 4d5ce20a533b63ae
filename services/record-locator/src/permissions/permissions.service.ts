import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import type { Pool } from 'pg';
import type { Principal } from '@carespine/access-control';
import { ConfigError, Database } from '@carespine/service-kit';
import { RecordLocatorConfig } from '../config';
import { ANY, grantOf, permissionsOf, type Grant, type Permission, type Side } from './permission';

/** What was changed elsewhere is known here after this long, in milliseconds. */
const FRESH_MS = 2000;

/** Who may handle which types of pointers. They are few and asked for by every request, so all of them are kept in memory. */
@Injectable()
export class Permissions implements OnModuleInit {
  private grants = new Map<string, Grant | undefined>();
  private all: Permission[] = [];
  private readAtMs = -Infinity;
  private reading: Promise<void> | undefined;

  constructor(
    @Inject(Database) private readonly database: { pool: Pool },
    @Inject(RecordLocatorConfig) private readonly config: Pick<RecordLocatorConfig, 'POINTER_PERMISSIONS'>,
  ) {}

  /** Grants what the files of the settings say and nobody has changed or revoked since. */
  async onModuleInit(): Promise<void> {
    for (const path of (this.config.POINTER_PERMISSIONS ?? '').split(',').filter(Boolean)) {
      for (const permission of readPermissions(path)) await this.insert(permission, 'NOTHING');
    }
  }

  /**
   * What the caller may do for an organisation; undefined where nothing was ever granted.
   * Staff act for the organisation of their role, whichever application they use; an application needs a permission of its own.
   */
  async of(who: Pick<Principal, 'mode' | 'client'>, organisation: string, side: Side): Promise<Grant | undefined> {
    if (performance.now() - this.readAtMs > FRESH_MS) await this.read();
    const applications = who.mode === 'user-restricted' ? [who.client.id, ANY] : [who.client.id];
    const key = JSON.stringify([applications, organisation, side]);
    if (this.grants.has(key)) return this.grants.get(key);
    const held = this.all.filter(
      (permission) =>
        permission.side === side && applications.includes(permission.application) && [organisation, ANY].includes(permission.organisation),
    );
    const grant = held.length > 0 ? grantOf(held) : undefined;
    const usable = grant && grant.types.size > 0 ? grant : undefined;
    if (this.grants.size < 10_000) this.grants.set(key, usable); // the header is the caller's to make up
    return usable;
  }

  /** By organisation, application and side. */
  async list(organisation?: string): Promise<Permission[]> {
    await this.read();
    return this.all.filter((permission) => organisation === undefined || permission.organisation === organisation);
  }

  async grant(permission: Permission): Promise<void> {
    await this.insert(
      permission,
      'UPDATE SET types = excluded.types, access_controls = excluded.access_controls, granted_at = now(), revoked_at = NULL',
    );
    await this.read();
  }

  /** @returns whether there was one */
  async revoke({ application, organisation, side }: Pick<Permission, 'application' | 'organisation' | 'side'>): Promise<boolean> {
    const { rowCount } = await this.database.pool.query(
      'UPDATE pointer_permissions SET revoked_at = now() WHERE application = $1 AND organisation = $2 AND side = $3 AND revoked_at IS NULL',
      [application, organisation, side],
    );
    await this.read();
    return rowCount === 1;
  }

  private async insert({ application, organisation, side, types, access_controls }: Permission, onConflict: string): Promise<void> {
    await this.database.pool.query(
      `INSERT INTO pointer_permissions (application, organisation, side, types, access_controls) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (application, organisation, side) DO ${onConflict}`,
      [application, organisation, side, types, access_controls],
    );
  }

  /** Callers that find it stale at once read it once. */
  private read(): Promise<void> {
    this.reading ??= this.readAll().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async readAll(): Promise<void> {
    const { rows } = await this.database.pool.query<Permission>(
      `SELECT application, organisation, side, types, access_controls FROM pointer_permissions WHERE revoked_at IS NULL
        ORDER BY organisation, application, side`,
    );
    this.all = rows;
    this.grants = new Map();
    this.readAtMs = performance.now();
  }
}

/** @throws ConfigError */
function readPermissions(path: string): Permission[] {
  try {
    const { permissions } = JSON.parse(readFileSync(path, 'utf8')) as { permissions: unknown[] };
    return permissions.flatMap(permissionsOf);
  } catch (error) {
    throw new ConfigError(`Pointer permissions are wrong: ${path}: ${(error as Error).message}`);
  }
}
