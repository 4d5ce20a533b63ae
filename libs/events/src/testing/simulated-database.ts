import type { EffectStore } from '../effect-store';
import type { Event } from '../event';
import type { OutboxStore, OutboxTurn } from '../outbox-store';
import type { Pollable } from '../polling';
import { NetworkFault, PassingFault, type SimulatedProcess, type Surroundings } from './simulated-process';

/** PostgreSQL finds a deadlock after so long, and a pool gives up waiting. */
const LONGEST_WAIT_MS = 150;

/** Known mistakes, which a simulator that is worth anything finds. */
export type Bug = 'offset-before-effect' | 'no-inbox' | 'inbox-apart-from-effect' | 'taken-off-before-appended' | 'place-apart-from-effect' | 'passing-counts';

export interface SimulatedTransaction {
  writes: (() => void)[];
  held: Set<string>;
  isOver: boolean;
}

/** The service's database: transactions that are atomic, and locks that outlast whoever has forgotten them. */
export class SimulatedDatabase {
  readonly effects: Event[] = [];
  readonly tally = new Map<string, number>();
  /** Of each topic, what was ever committed to the outbox. */
  readonly committed = new Map<string, number>();
  outbox: { id: number; event: Event }[] = [];
  isDown = false;
  private readonly inbox = new Set<string>();
  private readonly places = new Map<string, bigint>();
  private readonly locks = new Map<string, SimulatedTransaction>();
  private readonly waiting: (() => void)[] = [];
  private readonly turns = new Map<string, object>();
  private nextId = 1;

  constructor(
    private readonly world: Surroundings,
    private readonly bug?: Bug,
  ) {}

  begin(): SimulatedTransaction {
    return { writes: [], held: new Set(), isOver: false };
  }

  commit(tx: SimulatedTransaction): void {
    if (this.isDown || tx.isOver) throw new NetworkFault('transaction is gone');
    for (const write of tx.writes) write();
    this.end(tx);
  }

  end(tx: SimulatedTransaction): void {
    tx.isOver = true;
    for (const name of tx.held) if (this.locks.get(name) === tx) this.locks.delete(name);
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** Takes its id now, and stands in the outbox when the transaction commits: not in the order of the ids. */
  addToOutbox(tx: SimulatedTransaction, event: Event): void {
    const id = this.nextId++;
    tx.writes.push(() => {
      this.outbox.push({ id, event });
      this.outbox.sort((a, b) => a.id - b.id);
      this.committed.set(event.topic, (this.committed.get(event.topic) ?? 0) + 1);
    });
  }

  /** All transactions are gone, and no connection is made, for a while. */
  fail(ms: number): void {
    this.isDown = true;
    for (const tx of new Set(this.locks.values())) this.end(tx);
    this.turns.clear();
    this.world.clock.after(ms, () => (this.isDown = false));
  }

  outboxStore(process: SimulatedProcess): OutboxStore {
    return {
      inTurn: (work) =>
        this.inTurn('relay', process, async (holdsTurn) => {
          let before: Promise<unknown> = Promise.resolve();
          // one connection: its calls are answered one after the other
          const call = <T>(what: string, query: () => T): Promise<T> => {
            const answer = before.then(() => process.call(what, () => (this.check(holdsTurn()), query())));
            before = answer.catch(() => undefined);
            return answer;
          };
          const takeOff = (ids: string[]): void => {
            for (const { event } of this.outbox.filter(({ id }) => ids.includes(String(id)))) {
              this.tally.set(event.topic, (this.tally.get(event.topic) ?? 0) + 1);
            }
            this.outbox = this.outbox.filter(({ id }) => !ids.includes(String(id)));
          };
          const turn: OutboxTurn = {
            oldest: (limit, without) =>
              call('oldest', () => {
                const rows = this.outbox.filter(({ id }) => !without.includes(String(id))).slice(0, limit).map(({ id, event }) => ({ row: String(id), event }));
                if (this.bug === 'taken-off-before-appended') takeOff(rows.map(({ row }) => row));
                return rows;
              }),
            carried: (ids) => call('carried', () => takeOff(ids)),
            setAside: (id) => call('set aside', () => takeOff([id])), // this log takes everything
          };
          await work(turn);
        }),
    };
  }

  effectStore(process: SimulatedProcess): EffectStore<SimulatedTransaction> {
    return {
      transaction: async (work) => {
        const tx = await process.call('begin', () => (this.check(), this.begin()));
        process.whenDead(() => this.end(tx));
        try {
          const result = await work(tx);
          let isUnderWay = false;
          try {
            await process.call('commit', () => ((isUnderWay = true), this.commit(tx)));
          } catch (error) {
            // a commit whose request was on its way may still happen, for a while
            if (!isUnderWay && this.world.random.chance(this.world.faults.late)) {
              this.world.clock.after(this.world.random.between(1, 60), () => !tx.isOver && !this.isDown && this.commit(tx));
              throw error;
            }
            this.end(tx);
            throw error;
          }
          return result;
        } catch (error) {
          if (!(error instanceof NetworkFault)) this.end(tx);
          else this.world.clock.after(80, () => this.end(tx)); // until the server notices
          throw error;
        }
      },
      isLasting: async (failure) => (this.bug === 'passing-counts' || !(failure instanceof PassingFault)) && process.call('is up', () => !this.isDown).catch(() => false),
      enter: (tx, ids) =>
        process.call('enter', async () => {
          this.check(!tx.isOver);
          if (this.bug === 'no-inbox') return new Set(ids);
          const unseen = new Set<string>();
          for (const id of ids) {
            await this.lock(tx, `inbox ${id}`);
            if (this.inbox.has(id)) continue;
            unseen.add(id);
            if (this.bug === 'inbox-apart-from-effect') this.inbox.add(id);
            else tx.writes.push(() => this.inbox.add(id));
          }
          return unseen;
        }),
      isEntered: (tx, id) => process.call('isEntered', () => (this.check(!tx.isOver), this.inbox.has(id))),
      putAside: (tx, letter) => process.call('putAside', () => (this.check(!tx.isOver), this.addToOutbox(tx, letter))),
    };
  }

  /** The places of a log that keeps none itself. */
  placesFor(process: SimulatedProcess): Omit<Pollable<SimulatedTransaction>, 'read'> {
    return {
      inTurn: (work) =>
        this.inTurn('consumer', process, async (holdsTurn) => {
          const lost = new AbortController();
          const look = (): void => {
            if (!holdsTurn()) lost.abort(new Error('turn lost'));
            else process.clock.after(100, look);
          };
          look();
          await work(lost.signal);
        }),
      place: (topic) => process.call('place', () => (this.check(), this.places.get(topic) ?? 0n)),
      move: (tx, topic, from, to) =>
        process.call('move', async () => {
          this.check(!tx.isOver);
          await this.lock(tx, `place ${topic}`);
          if ((this.places.get(topic) ?? 0n) !== from) return false;
          if (this.bug === 'place-apart-from-effect') this.places.set(topic, to);
          else tx.writes.push(() => this.places.set(topic, to));
          return true;
        }),
    };
  }

  /** Now and then a connection is lost, and with it the turn, while its holder goes on with what it has begun. */
  private async inTurn(name: string, process: SimulatedProcess, work: (holdsTurn: () => boolean) => Promise<void>): Promise<boolean> {
    const turn = {};
    const release = (): void => void (this.turns.get(name) === turn && this.turns.delete(name));
    const isMine = await process.call(name, () => {
      this.check();
      if (this.turns.has(name)) return false;
      this.turns.set(name, turn);
      process.whenDead(release);
      return true;
    }).catch((error: unknown) => {
      release();
      throw error;
    });
    if (!isMine) return false;
    if (this.world.random.chance(this.world.faults.stall * 5)) this.world.clock.after(this.world.random.between(1, 400), release);
    try {
      await work(() => this.turns.get(name) === turn);
    } finally {
      release();
    }
    return true;
  }

  private check(condition = true): void {
    if (this.isDown || !condition) throw new NetworkFault('the connection is gone');
  }

  private async lock(tx: SimulatedTransaction, name: string): Promise<void> {
    const deadline = this.world.clock.now() + LONGEST_WAIT_MS;
    for (;;) {
      if (tx.isOver) throw new NetworkFault('transaction is gone');
      const holder = this.locks.get(name);
      if (!holder || holder === tx) break;
      if (this.world.clock.now() >= deadline) throw new PassingFault('deadlock');
      await new Promise<void>((resolve) => {
        const callOff = this.world.clock.after(LONGEST_WAIT_MS, resolve);
        this.waiting.push(() => {
          callOff();
          resolve();
        });
      });
    }
    this.locks.set(name, tx);
    tx.held.add(name);
  }
}
