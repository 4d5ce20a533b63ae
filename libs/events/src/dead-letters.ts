import { newEvent, type Event, type ReceivedEvent } from './event';
import type { EventLog } from './event-log';
import { deadLetterOf, TOPICS } from './topics';

/** An event that a service could not apply, and what became of it. */
export interface DeadLetter {
  /** Of the event (UUIDv7). Two services that both fail to apply an event make two letters of one id. */
  id: string;
  /** Where the event came from, without `.dead-letter`. */
  topic: string;
  type: string;
  /** The service that could not apply it, to which alone a replay goes. */
  consumer: string;
  /** Why, without personal data: the error's name and code. */
  reason: string;
  occurredAt: Date;
  putAsideAt: Date;
  /** In the dead-letter topic: `<partition>/<position>`. */
  position: string;
  state: 'open' | 'replayed' | 'discarded';
  /** Of a discarded one: why that was right. */
  note?: string;
}

/** With its protobuf payload, which is personal data: show it to those alone who may see the record. */
export interface OpenedDeadLetter extends DeadLetter {
  payload: Uint8Array;
}

/** The letter is not there, or is settled already, or never was an event. The message says which. */
export class DeadLetterRefused extends Error {
  override readonly name = 'DeadLetterRefused';
}

export interface DeadLetters {
  /** Oldest first; of all topics unless one is named, the open ones unless another state is. */
  list(of?: { topic?: string; state?: DeadLetter['state'] }): Promise<DeadLetter[]>;
  /** Every letter of the event, whatever its state. @throws DeadLetterRefused when there is none */
  show(id: string): Promise<OpenedDeadLetter[]>;
  /**
   * Appends events to their topics again, under their own ids: each is applied once, however often it is replayed. Of a choice without an
   * id, those that cannot be replayed are left.
   *
   * @throws DeadLetterRefused
   */
  replay(of: Choice): Promise<DeadLetter[]>;
  /** Closes the letter for good, with the reason why nothing is to be done. @throws DeadLetterRefused */
  discard(of: Choice & { id: string }, note: string): Promise<DeadLetter[]>;
}

/** Open letters of which all that is given is true. */
export type Choice = Partial<Pick<DeadLetter, 'id' | 'topic' | 'consumer' | 'reason'>>;

const REPLAYED = 'carespine.events.DeadLetterReplayed';
const DISCARDED = 'carespine.events.DeadLetterDiscarded';

/**
 * The operators' access to dead letters. What was done with a letter is a record of its own behind it in the same topic, so its state
 * is as durable as the letter, and the same on both transports.
 */
export function deadLetters(log: Pick<EventLog, 'append' | 'history'>): DeadLetters {
  const lettersOf = async (topic: string): Promise<Letter[]> => fold(topic, await log.history(deadLetterOf(topic)));
  const all = async (): Promise<Letter[]> => (await Promise.all(TOPICS.map(lettersOf))).flat().sort((a, b) => a.putAsideAt.getTime() - b.putAsideAt.getTime());
  const found = async (id: string): Promise<Letter[]> => {
    const letters = (await all()).filter((letter) => letter.id === id);
    if (letters.length === 0) throw new DeadLetterRefused(`there is no dead letter ${id}`);
    return letters;
  };
  const open = async (of: Choice): Promise<Letter[]> => {
    const letters = (await (of.id === undefined ? all() : found(of.id))).filter((letter) =>
      (['topic', 'consumer', 'reason'] as const).every((fact) => of[fact] === undefined || of[fact] === letter[fact]),
    );
    const unsettled = letters.filter(({ state }) => state === 'open');
    if (unsettled.length > 0) return unsettled;
    if (of.id === undefined) throw new DeadLetterRefused('no open dead letter is like that');
    throw new DeadLetterRefused(letters.length === 0 ? `dead letter ${of.id} is of another service or topic` : `dead letter ${of.id} is ${letters.at(-1)?.state} already`);
  };
  const settle = ({ topic, id, consumer, event, copies }: Letter, type: string, note: string): Promise<void> =>
    log.append([newEvent({ topic: deadLetterOf(topic), type, key: event.key, payload: Buffer.from([id, ...copies].join(' ')), reason: note, consumer })]);

  return {
    list: async ({ topic, state = 'open' } = {}) =>
      (topic === undefined ? await all() : await lettersOf(topic)).filter((letter) => letter.state === state).map(summaryOf),
    show: async (id) => (await found(id)).map((letter) => ({ ...summaryOf(letter), payload: letter.event.payload })),
    async replay(of) {
      const letters = await open(of);
      const replayable = letters.filter(({ type }) => type !== '');
      if (replayable.length === 0) throw new DeadLetterRefused(`dead letter ${letters[0]?.id} is no event that could be applied: discard it`);
      for (const letter of replayable) {
        await log.append([again(letter)]); // first: a crash in between leaves the letter open, and a second replay does no harm
        await settle(letter, REPLAYED, '');
      }
      return replayable.map((letter) => ({ ...summaryOf(letter), state: 'replayed' }));
    },
    async discard(of, note) {
      const letters = await open(of);
      for (const letter of letters) await settle(letter, DISCARDED, note);
      return letters.map((letter) => ({ ...summaryOf(letter), state: 'discarded', note }));
    },
  };
}

/** Every copy by its place: a consumer that is killed may put an event aside twice. */
type Letter = DeadLetter & { event: ReceivedEvent; copies: string[] };

/**
 * Letters of one event and service are one letter. What was done names the copies that it was done with, so it counts wherever in the topic it
 * stands, and does not count for one that came later: an event that could not be applied when it was replayed.
 */
function fold(topic: string, history: ReceivedEvent[]): Letter[] {
  const letters = new Map<string, Letter>();
  const isSettled = ({ type }: ReceivedEvent): boolean => type === REPLAYED || type === DISCARDED;
  for (const event of history.filter((one) => !isSettled(one))) {
    const consumer = event.consumer ?? '';
    const name = `${consumer} ${event.id}`;
    const position = `${event.partition}/${event.position}`;
    letters.set(name, {
      ...{ id: event.id, topic, type: event.type, consumer, reason: event.reason ?? '', occurredAt: event.occurredAt },
      ...{ putAsideAt: event.appendedAt, position, state: 'open', event, copies: [...(letters.get(name)?.copies ?? []), position] },
    });
  }
  for (const event of history.filter(isSettled)) {
    const [id = '', ...copies] = Buffer.from(event.payload).toString().split(' ');
    const letter = letters.get(`${event.consumer ?? ''} ${id}`);
    if (!letter || letter.copies.some((copy) => !copies.includes(copy))) continue;
    letter.state = event.type === REPLAYED ? 'replayed' : 'discarded';
    if (event.type === DISCARDED) letter.note = event.reason ?? '';
  }
  return [...letters.values()];
}

const summaryOf = ({ event: _, copies: _copies, ...letter }: Letter): DeadLetter => letter;

function again({ event, topic, consumer }: Letter): Event {
  const { id, type, key, occurredAt, traceparent, payload } = event;
  return { id, topic, type, key, occurredAt, traceparent, payload, consumer };
}
