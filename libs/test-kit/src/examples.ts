import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { contracts, fromJson, toBinary } from '@carespine/contracts';

/** An example payload that stands beside its contract in proto/, as an event carries it. */
export interface Example {
  /** What makes it notable, e.g. `break-glass`; absent of the plain one. */
  variant?: string;
  payload: Uint8Array;
}

/** Every example of an event, the plain one among them. @param type full name, e.g. `carespine.audit.v1.AccessRecorded` */
export function examplesOf(type: string): Example[] {
  const schema = contracts.getMessage(type);
  if (!schema) throw new Error(`There is no message ${type}`);
  const folder = join(__dirname, '../../../proto', ...type.split('.').slice(0, -1), 'examples');
  return readdirSync(folder)
    .map((file) => ({ file, parts: basename(file, '.json').split('.') }))
    .filter(({ parts }) => parts[0] === schema.name)
    .map(({ file, parts: [, variant] }) => ({
      ...(variant && { variant }),
      payload: toBinary(schema, fromJson(schema, JSON.parse(readFileSync(join(folder, file), 'utf8')))),
    }));
}

/** Every example of every event of a topic, each with its type: what a consumer of the topic must be able to take. @param topic e.g. `audit.access.v1` */
export function examplesOfTopic(topic: string): (Example & { type: string })[] {
  const [service = '', aggregate, version] = topic.split('.');
  const file = `carespine/${service.replaceAll('-', '_')}/${version}/${aggregate}_events`;
  const messages = [...contracts].filter((one) => one.kind === 'message').filter((message) => message.file.name === file);
  return messages.flatMap(({ typeName }) => examplesOf(typeName).map((example) => ({ type: typeName, ...example })));
}

/** One of them: the plain one, or a variant. */
export function exampleOf(type: string, variant?: string): Uint8Array {
  const example = examplesOf(type).find((one) => one.variant === variant);
  if (!example) throw new Error(`There is no example ${[type, variant].filter(Boolean).join('.')}: see the folder examples beside the contract`);
  return example.payload;
}
