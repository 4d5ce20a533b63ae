import type { Clock } from '../clock';

/** Time that goes from one timer to the next, at once. */
export class VirtualClock implements Clock {
  private time = 0;
  private readonly timers: { at: number; then: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(ms: number, then: () => void): () => void {
    const timer = { at: this.time + Math.max(0, ms), then };
    let place = this.timers.length;
    while (place > 0 && (this.timers[place - 1] as { at: number }).at > timer.at) place--;
    this.timers.splice(place, 0, timer);
    return () => {
      const still = this.timers.indexOf(timer);
      if (still >= 0) this.timers.splice(still, 1);
    };
  }

  /** Runs the next timer; what it sets going runs before the following call if that waits for the queue of promises to empty. */
  step(): void {
    const next = this.timers.shift();
    if (!next) throw new Error('nothing will ever happen again');
    this.time = next.at;
    next.then();
  }
}
