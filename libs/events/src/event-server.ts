import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import type { Pool, PoolClient } from 'pg';
import { isObservable, lastValueFrom } from 'rxjs';
import { Consumer, type Apply, type ConsumerReport } from './consumer';
import { PostgresEffectStore } from './effect-store';
import type { EventLog, Subscription } from './event-log';
import { keepInboxPruned } from './inbox-pruning';
import type { Outbox } from './outbox';

/** For `@EventPattern(topic, Batched)`: the handler takes all events of a transaction at once, as an array. */
export const Batched = { batched: true };

/**
 * The event log, whichever it is, as a Nest transport: an ordinary `@EventPattern('topic')` method gets `(@Payload() event: ReceivedEvent, @Ctx() tx: PoolClient)`,
 * or `(@Payload() events: ReceivedEvent[], @Ctx() tx: PoolClient)` when it is {@link Batched}. What it writes through `tx` commits with the event's id.
 */
export class EventServer extends Server implements CustomTransportStrategy {
  private subscription?: Subscription;
  private stopPruning = (): void => undefined;

  constructor(
    private readonly service: string,
    private readonly log: EventLog,
    private readonly pool: Pool,
    private readonly outbox: Outbox,
    private readonly report: ConsumerReport,
  ) {
    super();
  }

  /** That the service follows. */
  get topics(): string[] {
    return [...this.getHandlers().keys()];
  }

  listen(ready: (error?: unknown) => void): void {
    if (this.topics.length > 0) {
      const handlers = new Map([...this.getHandlers()].map(([topic, handler]) => [topic, applyWith(handler)]));
      const consumer = new Consumer(this.service, handlers, new PostgresEffectStore(this.pool, this.outbox), this.report);
      this.subscription = this.log.subscribe(this.topics, (delivery) => consumer.deliver(delivery));
      this.stopPruning = keepInboxPruned(this.pool);
    }
    ready();
  }

  async close(): Promise<void> {
    this.stopPruning();
    await this.subscription?.stop();
  }

  /** No broker status to follow. */
  override on(): void {
    throw new Error('the event log emits no status events');
  }

  /** No broker client to hand out. */
  override unwrap<T>(): T {
    throw new Error('the event log has no client of its own');
  }
}

function applyWith(handler: MessageHandler): Apply {
  const call = async (data: unknown, tx: PoolClient): Promise<void> => {
    const result: unknown = await handler(data, tx);
    if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
  };
  if (handler.extras?.['batched'] === true) return call;
  return async (events, tx) => {
    for (const event of events) await call(event, tx);
  };
}
