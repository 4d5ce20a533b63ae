import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import type { Pool, PoolClient } from 'pg';
import { isObservable, lastValueFrom } from 'rxjs';
import { Consumer, type Apply, type ConsumerReport } from './consumer';
import type { EventLog } from './event-log';
import type { Outbox } from './outbox';

/** For `@EventPattern(topic, Batched)`: the handler takes all events of a transaction at once, as an array. */
export const Batched = { batched: true };

/**
 * The event log as a Nest transport: an ordinary `@EventPattern('topic')` method gets `(@Payload() event: ReceivedEvent, @Ctx() tx: PoolClient)`,
 * or `(@Payload() events: ReceivedEvent[], @Ctx() tx: PoolClient)` when it is {@link Batched}. What it writes through `tx` commits with the event's id.
 */
export class EventServer extends Server implements CustomTransportStrategy {
  private consumers: Consumer[] = [];

  constructor(
    private readonly log: EventLog,
    private readonly pool: Pool,
    private readonly outbox: Outbox,
    private readonly report: ConsumerReport,
  ) {
    super();
  }

  listen(ready: (error?: unknown) => void): void {
    this.consumers = [...this.getHandlers()].map(
      ([topic, handler]) => new Consumer(topic, applyWith(handler), this.log, this.pool, this.outbox, this.report),
    );
    for (const consumer of this.consumers) consumer.start();
    if (this.consumers.length === 0) return ready();
    this.log.onArrival((topic) => this.consumers.find((consumer) => consumer.topic === topic)?.ring()).then(() => ready(), ready);
  }

  async close(): Promise<void> {
    await Promise.all(this.consumers.map((consumer) => consumer.stop()));
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

