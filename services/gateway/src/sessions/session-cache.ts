import type { Session } from './sessions';

/** A session as this replica knows it. */
export interface Remembered {
  session: Session;
  lastSeenMs: number;
  /** When the store was last told that the user is there. */
  writtenMs: number;
}

/** Active sessions by their cookie, so that a warm request asks no database. Holds a bounded number; the oldest goes first. */
export class SessionCache {
  private readonly byCookie = new Map<string, Remembered>();
  private readonly cookies = new Map<string, string>();
  /** Changes with every revocation: what was read before one may be out of date. */
  generation = 0;

  constructor(private readonly capacity = 20_000) {}

  get(cookie: string): Remembered | undefined {
    return this.byCookie.get(cookie);
  }

  set(cookie: string, remembered: Remembered): void {
    const former = this.cookies.get(remembered.session.id);
    if (former !== undefined) this.byCookie.delete(former);
    this.byCookie.set(cookie, remembered);
    this.cookies.set(remembered.session.id, cookie);
    if (this.byCookie.size > this.capacity) {
      const [oldest] = this.byCookie.keys();
      if (oldest !== undefined) this.forget(this.byCookie.get(oldest)?.session.id ?? '');
    }
  }

  forget(sessionId: string): void {
    this.generation++;
    const cookie = this.cookies.get(sessionId);
    if (cookie === undefined) return;
    this.byCookie.delete(cookie);
    this.cookies.delete(sessionId);
  }

  clear(): void {
    this.generation++;
    this.byCookie.clear();
    this.cookies.clear();
  }
}
