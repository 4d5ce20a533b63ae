import { setTimeout } from 'node:timers/promises';
import type { Log } from '@carespine/service-kit';

/** Does a piece of work again and again until stopped: at once while there is more, else after a pause or when rung. */
export class BackgroundLoop {
  private stopping = new AbortController();
  private pause = new AbortController();
  private running: Promise<void> = Promise.resolve();

  /**
   * @param name of the log line that tells of a failure
   * @param work resolves to whether there is more to do now
   */
  constructor(
    private readonly name: string,
    private readonly everyMs: number,
    private readonly work: (stopping: AbortSignal) => Promise<boolean>,
    private readonly log: Log,
  ) {}

  start(): void {
    this.running = this.run();
  }

  /** There may be work now. */
  ring(): void {
    this.pause.abort();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.pause.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      this.pause = new AbortController();
      const more = await this.work(signal).catch((error: unknown) => {
        this.log.warn({ reason: error instanceof Error ? ('code' in error ? error.code : error.name) : 'unknown' }, `${this.name}.failed`);
        return false;
      });
      if (!more && !signal.aborted) await setTimeout(this.everyMs, undefined, { signal: this.pause.signal }).catch(() => undefined);
    }
  }
}
