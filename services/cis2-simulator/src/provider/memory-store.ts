import type { Adapter, AdapterPayload } from 'oidc-provider';

interface Row {
  model: string;
  payload: AdapterPayload;
  expiresAtMs: number;
}

/**
 * Holds the provider's sessions, codes and tokens for as long as they live. A restart ends every CIS2 session,
 * which the relying parties notice at their users' next sign-in.
 */
export class MemoryStore {
  private readonly rows = new Map<string, Row>();
  private sweepAtMs = 0;

  adapter(model: string): Adapter {
    const key = (id: string): string => `${model}:${id}`;
    const findBy = (matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined =>
      this.live(model).find(matches);
    return {
      upsert: async (id, payload, expiresInSeconds = Infinity) => {
        this.sweep();
        this.rows.set(key(id), { model, payload, expiresAtMs: Date.now() + expiresInSeconds * 1000 });
      },
      find: async (id) => {
        const row = this.rows.get(key(id));
        return row && row.expiresAtMs > Date.now() ? row.payload : undefined;
      },
      findByUid: async (uid) => findBy((payload) => payload.uid === uid),
      findByUserCode: async (userCode) => findBy((payload) => payload.userCode === userCode),
      consume: async (id) => {
        const row = this.rows.get(key(id));
        if (row) row.payload.consumed = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => {
        this.rows.delete(key(id));
      },
      revokeByGrantId: async (grantId) => {
        for (const [id, row] of this.rows) if (row.payload.grantId === grantId) this.rows.delete(id);
      },
    };
  }

  /** Unexpired rows of one model. */
  live(model: string): AdapterPayload[] {
    const now = Date.now();
    return [...this.rows.values()].filter((row) => row.model === model && row.expiresAtMs > now).map((row) => row.payload);
  }

  private sweep(): void {
    const now = Date.now();
    if (now < this.sweepAtMs) return;
    this.sweepAtMs = now + 60_000;
    for (const [id, row] of this.rows) if (row.expiresAtMs <= now) this.rows.delete(id);
  }
}
