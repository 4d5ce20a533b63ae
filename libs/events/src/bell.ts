import type { Clock } from './clock';

/** Wakes one waiting loop. A ring that comes before the wait is not lost. */
export class Bell {
  private rung = false;
  private wake: () => void = () => undefined;

  constructor(private readonly clock: Clock) {}

  ring(): void {
    this.rung = true;
    this.wake();
  }

  /** Resolves at the next ring, at once if it has rung since the last wait, or after `ms` milliseconds. */
  async wait(ms: number): Promise<void> {
    if (!this.rung) {
      await new Promise<void>((resolve) => {
        const callOff = this.clock.after(ms, resolve);
        this.wake = () => {
          callOff();
          resolve();
        };
      });
    }
    this.rung = false;
  }
}
