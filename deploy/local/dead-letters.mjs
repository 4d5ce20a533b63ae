import { parseArgs } from 'node:util';
import { Obstacle } from './steps.mjs';

export const usage = `Dead letters are events that a service could not apply.
  npm run events -- dead-letters list [--topic audit.access.v1] [--state open|replayed|discarded] [--json]
  npm run events -- dead-letters show <id> [--payload] [--json]
  npm run events -- dead-letters replay <id> [--consumer audit] [--json]   to the services that could not apply it; it is applied once
  npm run events -- dead-letters replay --topic audit.access.v1 | --all [--consumer audit] [--reason "error 22P02"] [--json]
  npm run events -- dead-letters discard <id> --note "why" [--consumer audit] [--json]   for good`;

const states = ['open', 'replayed', 'discarded'];
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @typedef {import('@carespine/events').DeadLetter} DeadLetter */

/**
 * Does what the arguments behind `dead-letters` ask for.
 * @param {string[]} args
 * @param {import('@carespine/events').DeadLetters} letters
 * @param {(type: string, payload: Uint8Array) => unknown} jsonOf a payload as JSON; undefined for a type that is not known
 * @param {readonly string[]} topics
 * @throws {Obstacle} when the arguments make no sense
 * @returns {Promise<string>} what to print
 */
export async function runDeadLetters(args, letters, jsonOf, topics) {
  const { command, id, choice, topic, state, note, payload, json } = wishes(args, topics);
  const print = (found, text) => (json ? JSON.stringify(found, undefined, 2) : text(found));
  if (command === 'list') {
    const found = await letters.list({ ...(topic && { topic }), state });
    return print(found, (all) => (all.length > 0 ? all.map(lineOf).join('\n') : `No dead letter is ${state}.`));
  }
  if (command === 'show') {
    const opened = (await letters.show(id)).map(({ payload: bytes, ...letter }) => ({
      ...letter,
      bytes: bytes.byteLength,
      ...(payload && { payload: readable(bytes, () => jsonOf(letter.type, bytes)) }),
    }));
    return print(opened, (all) => all.map(cardOf).join('\n\n'));
  }
  const settled = command === 'replay' ? await letters.replay(choice) : await letters.discard({ ...choice, id }, note);
  return print(settled, (all) => all.map((letter) => outcomes[command](letter.id, letter.consumer, letter.topic)).join('\n'));
}

/** Bytes that are no such message may be why the letter is here. */
function readable(bytes, read) {
  const asTheyAre = { base64: Buffer.from(bytes).toString('base64') };
  try {
    return read() ?? asTheyAre;
  } catch {
    return asTheyAre;
  }
}

const outcomes = {
  replay: (id, consumer, topic) => `${id} is on ${topic} again, for ${consumer}: what it cannot apply now comes back as a dead letter.`,
  discard: (id, consumer) => `${id} is closed: ${consumer} will not apply it.`,
};

function wishes(args, topics) {
  const { values, positionals } = parsed(args);
  const [command, id = '', ...more] = positionals;
  const { topic, consumer, reason, state = 'open', note, payload = false, json = false } = values;
  const several = values.all || topic !== undefined;
  const takes = {
    list: ['topic', 'state', 'json'],
    show: ['payload', 'json'],
    replay: several ? ['topic', 'all', 'consumer', 'reason', 'json'] : ['consumer', 'json'],
    discard: ['note', 'consumer', 'json'],
  }[command];
  if (!takes || more.length > 0 || Object.keys(values).some((name) => !takes.includes(name))) throw new Obstacle(usage);
  if (command === 'list' || (command === 'replay' && several) ? id : !id) throw new Obstacle(usage);
  if (values.all && topic !== undefined) throw new Obstacle(usage);
  if (id && !uuid.test(id)) throw new Obstacle('A dead letter is named by the id of its event, e.g. 0193c2f5-8a4e-7c1d-9b2a-4f6e8d0c1a3b: see list.');
  if (!states.includes(state)) throw new Obstacle(`There is no state ${state}: choose from ${states.join(', ')}.`);
  if (topic !== undefined && !topics.includes(topic)) throw new Obstacle(`There is no topic ${topic}: choose from ${topics.join(', ')}.`);
  if (command === 'discard' && !note?.trim()) throw new Obstacle('Say with --note why nothing is to be done: whoever looks later cannot ask.');
  if (/\d{3}[ -]?\d{3}[ -]?\d{4}/.test(note ?? ''))
    throw new Obstacle('The note looks as if it held an NHS number, and everyone who lists dead letters reads it: say it without.');
  const choice = Object.fromEntries(Object.entries({ id: id.toLowerCase(), topic, consumer, reason }).filter(([, value]) => value));
  return { command, id: id.toLowerCase(), choice, topic, state, note: note?.trim() ?? '', payload, json };
}

function parsed(args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        topic: { type: 'string' },
        state: { type: 'string' },
        note: { type: 'string' },
        consumer: { type: 'string' },
        reason: { type: 'string' },
        all: { type: 'boolean' },
        payload: { type: 'boolean' },
        json: { type: 'boolean' },
      },
    });
  } catch {
    throw new Obstacle(usage);
  }
}

/** Names, times and ids alone: no key, no payload. */
const lineOf = ({ putAsideAt, id, topic, consumer, reason, note }) =>
  printable([putAsideAt.toISOString(), id, topic, consumer, note ?? reason].join('  '));

function cardOf({ payload, bytes, ...letter }) {
  const facts = {
    ...letter,
    occurredAt: letter.occurredAt.toISOString(),
    putAsideAt: letter.putAsideAt.toISOString(),
    payload: payload === undefined ? `${bytes} bytes, which may be personal data: --payload prints them` : JSON.stringify(payload, undefined, 2),
  };
  return Object.entries(facts)
    .map(([name, value]) => `${name.padEnd(11)} ${printable(value)}`)
    .join('\n');
}

/** A message that somebody else put on the log may hold anything; a terminal obeys control characters. */
const printable = (text) => text.replace(/[^\P{C}\n]/gu, '\uFFFD');
