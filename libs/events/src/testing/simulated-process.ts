import type { Clock } from '../clock';
import type { Random } from './random';
import type { VirtualClock } from './virtual-clock';

/** How likely a call over the network meets a fault; drawn anew for each seed, so that some seeds see few kinds, but often. */
export interface Faults {
  /** The request is lost. */
  before: number;
  /** The answer is lost: the work is done, and the caller told that it failed. */
  after: number;
  /** The caller is told that it failed, and then the work is done. */
  late: number;
  /** SIGKILL, before or after the work. */
  crash: number;
  /** SIGSTOP for a while. */
  stall: number;
  /** The network between the process and all others is gone for a while. */
  cutOff: number;
  /** A handler's lock, time limit or other service, which may serve it in a moment. */
  passing: number;
}

export const NO_FAULTS: Faults = { before: 0, after: 0, late: 0, crash: 0, stall: 0, cutOff: 0, passing: 0 };

/** May not come again. */
export class PassingFault extends Error {}

export class NetworkFault extends PassingFault {
  override readonly name = 'NetworkFault';
}

/** What a process shares with the others of its world. */
export interface Surroundings {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly faults: Faults;
  trace(what: () => string): void;
}

/** A process that can be killed and stopped at any call. Dead code is never called back; it just ends there. */
export class SimulatedProcess {
  private isAlive = true;
  private stoppedUntil = 0;
  private cutOffUntil = 0;
  private readonly lastWill: (() => void)[] = [];

  constructor(
    readonly name: string,
    private readonly world: Surroundings,
  ) {}

  /** Its timers die and stop with it. */
  readonly clock: Clock = {
    now: () => this.world.clock.now(),
    after: (ms, then) => {
      let callOff = (): void => undefined;
      const fire = (): void => {
        if (!this.isAlive) return;
        const stillStopped = this.stoppedUntil - this.world.clock.now();
        if (stillStopped > 0) callOff = this.world.clock.after(stillStopped, fire);
        else then();
      };
      callOff = this.world.clock.after(ms, fire);
      return () => callOff();
    },
  };

  /** Does work elsewhere: it takes a while each way, and much can happen. */
  async call<T>(what: string, work: () => T | Promise<T>, canBeLate = false): Promise<T> {
    const { random, faults } = this.world;
    await this.pass(random.between(0, 4));
    if (random.chance(faults.stall)) this.stoppedUntil = this.world.clock.now() + random.between(20, 900);
    if (random.chance(faults.cutOff)) this.cutOffUntil = this.world.clock.now() + random.between(50, 900);
    if (this.world.clock.now() < this.cutOffUntil) {
      await this.pass(random.between(5, 60));
      throw this.lost('cut off from', what);
    }
    if (random.chance(faults.crash)) return this.die('before', what);
    if (random.chance(faults.before)) throw this.lost('before', what);
    if (canBeLate && random.chance(faults.late)) {
      this.world.clock.after(random.between(1, 700), () => void work());
      throw this.lost('for now', what);
    }
    const result = await work();
    this.world.trace(() => `${this.name}: ${what}`);
    if (random.chance(faults.crash)) return this.die('after', what);
    await this.pass(random.between(0, 3));
    if (random.chance(faults.after)) throw this.lost('after', what);
    return result;
  }

  pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve));
  }

  whenDead(then: () => void): void {
    this.lastWill.push(then);
  }

  private die<T>(when: string, what: string): Promise<T> {
    this.world.trace(() => `${this.name}: KILLED ${when} ${what}`);
    this.isAlive = false;
    for (const then of this.lastWill) then();
    return new Promise(() => undefined);
  }

  private lost(when: string, what: string): NetworkFault {
    this.world.trace(() => `${this.name}: LOST ${when} ${what}`);
    return new NetworkFault(what);
  }
}
