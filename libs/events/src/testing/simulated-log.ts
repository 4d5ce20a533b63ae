import type { Event, ReceivedEvent } from '../event';
import type { Deliver, EventLog, Subscription } from '../event-log';
import { Polling } from '../polling';
import type { Bug, SimulatedDatabase, SimulatedTransaction } from './simulated-database';
import { NetworkFault, type SimulatedProcess, type Surroundings } from './simulated-process';

/** Where the places of a log's consumers stand: in their database, as on PostgreSQL, or in the log itself, as on Kafka. */
export type LogKind = 'places' | 'offsets';

const SESSION_MS = 400;
const FETCH = 4;

/** Partitions that keep what they were given, and a group of consumers whose members share them. */
export class SimulatedLog {
  private readonly partitions = new Map<string, ReceivedEvent[][]>();
  private readonly offsets: number[];
  private members: Member[] = [];
  private epoch = 0;

  constructor(
    private readonly world: Surroundings,
    private readonly kind: LogKind,
    private readonly batchSize: number,
    private readonly bug?: Bug,
  ) {
    this.offsets = Array.from({ length: kind === 'offsets' ? 2 : 1 }, () => 0);
  }

  of(topic: string): ReceivedEvent[][] {
    const known = this.partitions.get(topic) ?? this.offsets.map(() => []);
    this.partitions.set(topic, known);
    return known;
  }

  /** A request a partition: each may fail for itself, or arrive when nobody waits for it any more. */
  appenderOf(process: SimulatedProcess): Pick<EventLog, 'append'> {
    return {
      append: async (events) => {
        const strands = new Map<ReceivedEvent[], Event[]>();
        for (const event of events) {
          const partition = this.partitionOf(event);
          strands.set(partition, [...(strands.get(partition) ?? []), event]);
        }
        const answers = await Promise.allSettled([...strands].map(([strand, some]) => process.call('append', () => this.add(strand, some), true)));
        const failed = answers.find((answer) => answer.status === 'rejected');
        if (failed) throw failed.reason as Error;
      },
    };
  }

  subscribe(process: SimulatedProcess, database: SimulatedDatabase, topic: string, deliver: Deliver<SimulatedTransaction>): Subscription {
    if (this.kind === 'offsets') return this.join(new Member(process, topic, deliver));
    const read = (from: string, after: bigint, limit: number): Promise<ReceivedEvent[]> =>
      process.call('read', () => (this.of(from)[0] ?? []).filter(({ position }) => position > after).slice(0, limit));
    return new Polling([topic], { ...database.placesFor(process), read }, deliver, () => undefined, process.clock, this.batchSize);
  }

  private partitionOf(event: Event): ReceivedEvent[] {
    const strands = this.of(event.topic);
    return strands[event.key.charCodeAt(event.key.length - 1) % strands.length] as ReceivedEvent[];
  }

  private add(strand: ReceivedEvent[], events: Event[]): void {
    for (const event of events) strand.push({ ...event, partition: 0, position: BigInt(strand.length + 1), appendedAt: event.occurredAt });
  }

  private join(member: Member): Subscription {
    this.members.push(member);
    this.rebalance();
    member.process.whenDead(() => this.world.clock.after(SESSION_MS, () => this.leave(member)));
    return { stop: () => Promise.resolve(this.leave(member)) };
  }

  private leave(member: Member): void {
    this.members = this.members.filter((one) => one !== member);
    member.assignment?.abort(new Error('left'));
    this.rebalance();
  }

  /** Members learn of it at their next heartbeat, and go on with what they have until then. */
  private rebalance(): void {
    this.epoch++;
    this.world.trace(() => `group: epoch ${this.epoch}, ${this.members.length} members`);
    this.members.forEach((member, i) => {
      const partitions = this.offsets.map((_, partition) => partition).filter((partition) => partition % this.members.length === i);
      const [former, epoch] = [member.assignment, this.epoch];
      member.process.clock.after(this.world.random.between(0, 250), () => {
        if (former) former.abort(new Error('rebalanced'));
        if (epoch !== this.epoch) return;
        member.assignment = new AbortController();
        for (const partition of partitions) void this.follow(member, partition, epoch, member.assignment.signal);
      });
    });
  }

  /** As kafkajs does it: fetch, hand out, commit what is done; after a failure, again from what is committed. */
  private async follow({ process, topic, deliver }: Member, partition: number, epoch: number, signal: AbortSignal): Promise<void> {
    const commit = (offset: number): Promise<void> =>
      process.call('commit offset', () => {
        if (epoch !== this.epoch) throw new NetworkFault('illegal generation');
        this.offsets[partition] = offset;
      });
    let place: number | undefined;
    while (!signal.aborted) {
      try {
        place ??= await process.call('fetch offset', () => this.offsets[partition] ?? 0);
        let done = place;
        const events = await process.call('fetch', () => (this.of(topic)[partition] ?? []).slice(done, done + FETCH));
        if (events.length === 0) {
          await process.pass(25);
          continue;
        }
        if (this.bug === 'offset-before-effect') await commit(done + events.length);
        await deliver({ topic, events, signal, done: (last) => (done = Number(last.position)) }).finally(() => (place = done));
        await commit(done);
      } catch {
        place = undefined;
        await process.pass(40);
      }
    }
  }
}

class Member {
  assignment?: AbortController;

  constructor(
    readonly process: SimulatedProcess,
    readonly topic: string,
    readonly deliver: Deliver<SimulatedTransaction>,
  ) {}
}
