import { Consumer } from '../consumer';
import type { Event } from '../event';
import type { Subscription } from '../event-log';
import { Relay } from '../relay';
import { deadLetterOf } from '../topics';
import { Random } from './random';
import { SimulatedDatabase, type Bug, type SimulatedTransaction } from './simulated-database';
import { SimulatedLog, type LogKind } from './simulated-log';
import { NO_FAULTS, PassingFault, SimulatedProcess, type Faults, type Surroundings } from './simulated-process';
import { VirtualClock } from './virtual-clock';

const TOPIC = 'demographics.patient.v1';
const FAULTS_END_MS = 1_000;
/** With no fault any more, everything has had its effect long before. */
const PATIENCE_MS = 12_000;
/** For what was sent late, and may come yet. */
const AFTERMATH_MS = 720;
const LOOK_EVERY_MS = 25;
const BATCH = 3;

export interface SimulationOptions {
  seed: number;
  log: LogKind;
  bug?: Bug;
  /** Keeps what happened, to be read. */
  traced?: boolean;
}

/**
 * One life of a service with its outbox, the log, its consumers and a projection: the real {@link Relay}, {@link Consumer} and Polling, on a
 * database, a log, a network and a clock of straw. The seed decides who does what when, and what goes wrong.
 */
export class Simulation implements Surroundings {
  readonly clock = new VirtualClock();
  readonly random: Random;
  faults: Faults;
  readonly story: string[] = [];
  /** Once it is over: what does not hold. */
  broken?: string[];
  private readonly database: SimulatedDatabase;
  private readonly log: SimulatedLog;
  private readonly emitted: Event[] = [];
  private readonly poison = new Set<string>();
  private readonly relays = new Set<Relay>();
  private emitting = 0;
  private settledAt?: number;
  private lookAt = FAULTS_END_MS;
  private count = 0;

  constructor(readonly options: SimulationOptions) {
    this.random = new Random(options.seed);
    const sometimes = (most: number): number => (this.random.chance(0.5) ? this.random.next() * most : 0);
    this.faults = { before: sometimes(0.1), after: sometimes(0.1), late: sometimes(0.1), crash: sometimes(0.03), stall: sometimes(0.02), cutOff: sometimes(0.02), passing: sometimes(0.5) };
    this.database = new SimulatedDatabase(this, options.bug);
    this.log = new SimulatedLog(this, options.log, BATCH, options.bug);
    for (const key of ['patient-1', 'patient-2', 'patient-3']) void this.emit(key, this.random.between(2, 9));
    for (let i = this.random.between(1, 2); i > 0; i--) this.startRelay();
    for (let i = this.random.between(1, 2); i > 0; i--) this.startConsumer();
    if (this.random.chance(0.4)) this.clock.after(this.random.between(0, FAULTS_END_MS), () => this.database.fail(this.random.between(10, 800)));
    this.joinAndLeave();
    this.clock.after(FAULTS_END_MS, () => (this.faults = NO_FAULTS));
  }

  trace(what: () => string): void {
    if (this.options.traced) this.story.push(`${this.clock.now().toFixed(0).padStart(6)} ${what()}`);
  }

  /** One step of time; the promises that it settles run before the next if the caller lets them. */
  step(): void {
    this.clock.step();
    const now = this.clock.now();
    if (now < this.lookAt) return;
    this.lookAt = now + LOOK_EVERY_MS;
    if (this.settledAt === undefined) {
      if (this.isSettled()) this.settledAt = now;
      else if (now > PATIENCE_MS) this.broken = [...this.faultsFound(), 'is not at rest'];
    } else if (now > this.settledAt + AFTERMATH_MS) this.broken = this.faultsFound();
  }

  /** Changes of one patient, one after the other, as its row's lock makes them; each with its events, or rolled back. */
  private async emit(key: string, changes: number): Promise<void> {
    this.emitting++;
    const pause = (longest: number): Promise<void> => new Promise((resolve) => this.clock.after(this.random.between(0, longest), resolve));
    for (let i = 0; i < changes; i++) {
      await pause(150);
      const tx = this.database.begin();
      const events = Array.from({ length: this.random.chance(0.2) ? 2 : 1 }, () => this.anEvent(key));
      for (const event of events) this.database.addToOutbox(tx, event);
      await pause(30);
      if (this.database.isDown || this.random.chance(0.1)) continue;
      this.database.commit(tx);
      this.emitted.push(...events);
      for (const relay of this.relays) if (this.random.chance(0.7)) relay.ring();
    }
    this.emitting--;
  }

  private anEvent(key: string): Event {
    const id = `event-${++this.count}`;
    if (this.random.chance(0.04)) this.poison.add(id);
    return { id, topic: TOPIC, type: 'test', key, occurredAt: new Date(0), traceparent: '', payload: new Uint8Array() };
  }

  private startRelay(): void {
    const process = new SimulatedProcess(`relay ${++this.count}`, this);
    const relay = new Relay(this.database.outboxStore(process), this.log.appenderOf(process), { failed: () => undefined, relayed: () => undefined, refused: () => undefined }, process.clock, BATCH);
    this.relays.add(relay);
    relay.start();
    process.whenDead(() => {
      this.relays.delete(relay);
      this.clock.after(this.random.between(5, 300), () => this.startRelay());
    });
  }

  private startConsumer(): Subscription {
    const process = new SimulatedProcess(`consumer ${++this.count}`, this);
    const retried = (_: string, error: Error): void => this.trace(() => `${process.name}: retried ${error.message}`);
    const report = { applied: () => undefined, retried, awaited: retried, deadLettered: () => undefined };
    const apply = async (events: Event[], tx: SimulatedTransaction): Promise<void> => {
      await process.call('apply', () => this.trace(() => `${process.name}: ${events.map(({ id }) => id).join(' ')}`));
      if (this.random.chance(this.faults.passing)) throw new PassingFault('a lock was not to be had');
      if (events.some(({ id }) => this.poison.has(id))) throw new Error('poison');
      tx.writes.push(() => void this.database.effects.push(...events));
    };
    const consumer = new Consumer('test', new Map([[TOPIC, apply]]), this.database.effectStore(process), report, process.clock, BATCH);
    process.whenDead(() => this.clock.after(this.random.between(5, 300), () => this.startConsumer()));
    return this.log.subscribe(process, this.database, TOPIC, (delivery) => consumer.deliver(delivery));
  }

  private joinAndLeave(): void {
    for (let i = this.random.between(0, 3); i > 0; i--) {
      const joins = this.random.between(0, FAULTS_END_MS - 200);
      this.clock.after(joins, () => {
        const passing = this.startConsumer();
        this.clock.after(this.random.between(50, 500), () => void passing.stop());
      });
    }
  }

  private get letters(): Event[] {
    return this.log.of(deadLetterOf(TOPIC)).flat();
  }

  private isSettled(): boolean {
    if (this.emitting > 0 || this.database.outbox.length > 0) return false;
    const settled = new Set([...this.database.effects, ...this.letters].map(({ id }) => id));
    return this.emitted.every(({ id }) => settled.has(id));
  }

  private faultsFound(): string[] {
    const found: string[] = [];
    const committed = new Map(this.emitted.map((event) => [event.id, event]));
    const putAside = new Set(this.letters.map(({ id }) => id));
    const times = new Map<string, number>();
    for (const { id } of this.database.effects) times.set(id, (times.get(id) ?? 0) + 1);
    for (const [id, count] of times) {
      if (count > 1) found.push(`${id} has its effect ${count} times`);
      if (!committed.has(id)) found.push(`${id} has an effect and was never committed`);
      if (this.poison.has(id)) found.push(`${id} cannot be applied, and was`);
    }
    for (const id of committed.keys()) if (!times.has(id) && !putAside.has(id)) found.push(`${id} is lost`);
    for (const id of putAside) {
      if (!committed.has(id)) found.push(`${id} is a dead letter and was never committed`);
      if (!this.poison.has(id)) found.push(`${id} was given up, and nothing is wrong with it`);
    }
    for (const key of new Set(this.emitted.map((event) => event.key))) {
      const inOrder = (events: Event[]): string => events.filter((event) => event.key === key && !putAside.has(event.id)).map(({ id }) => id).join(' ');
      if (inOrder(this.emitted) !== inOrder(this.database.effects)) found.push(`order of ${key}: ${inOrder(this.database.effects)} for ${inOrder(this.emitted)}`);
    }
    for (const [topic, count] of this.database.committed) {
      const waiting = this.database.outbox.filter(({ event }) => event.topic === topic).length;
      const carried = this.database.tally.get(topic) ?? 0;
      if (carried + waiting !== count) found.push(`${topic}: ${count} committed, ${carried} carried, ${waiting} waiting`);
    }
    return found;
  }
}

/** How many lives go on side by side: each waits for its promises, and the waits are shared. */
const SIDE_BY_SIDE = 8;

/** @returns of the lives in which something did not hold, what */
export async function simulate(lives: SimulationOptions[]): Promise<{ options: SimulationOptions; broken: string[]; story: string[] }[]> {
  const failed: { options: SimulationOptions; broken: string[]; story: string[] }[] = [];
  const waiting = lives.values();
  const begin = (): Simulation[] => {
    const next = waiting.next();
    return next.done ? [] : [new Simulation(next.value)];
  };
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // most of the time would go into stacks that nobody reads
  let running = Array.from({ length: SIDE_BY_SIDE }, begin).flat();
  while (running.length > 0) {
    await new Promise(setImmediate);
    for (const life of running) {
      life.step();
      if (life.broken && life.broken.length > 0) failed.push({ options: life.options, broken: life.broken, story: life.story });
    }
    running = running.flatMap((life) => (life.broken ? begin() : [life]));
  }
  Error.stackTraceLimit = stackTraceLimit;
  return failed;
}
