/*
 * Writes docs/events.md, the catalogue of events, out of the contracts and their comments, the examples beside them, and the services' code.
 * `npm run contracts` runs it.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFileRegistry, fromBinary, ScalarType } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const root = fileURLToPath(new URL('../..', import.meta.url));
const file = join(root, 'docs/events.md');

/** @returns the catalogue as it should be now, in Markdown */
export function catalogue() {
  const image = fromBinary(FileDescriptorSetSchema, execFileSync(join(root, 'node_modules/.bin/buf'), ['build', '-o', '-#format=binpb'], { cwd: root }));
  const contracts = [...createFileRegistry(image).files].filter(({ proto }) => proto.package.startsWith('carespine.'));
  const code = sources();
  const chapters = contracts
    .map((contract) => ({ contract, topic: /Topic ([\w.-]+)/.exec(commentOf(contract, [2]))?.[1] ?? '' }))
    .sort((a, b) => a.topic.localeCompare(b.topic))
    .map(({ contract, topic }) => chapterOf(contract, topic, code));
  return `${introduction}\n${chapters.join('\n')}`;
}

const introduction = `# Events

What services tell each other. Written by \`npm run contracts\` from \`proto/\`; do not edit.

An event's attributes are those of CloudEvents 1.0. On Kafka they are headers, by its Kafka binding in binary mode:

| header | |
|---|---|
| \`ce_specversion\` | \`1.0\` |
| \`ce_id\` | UUIDv7; names the event for ever, also as a dead letter and its replay |
| \`ce_source\` | \`/carespine/<topic>\` |
| \`ce_type\` | the message's full name |
| \`ce_time\` | when it came to be so, with milliseconds |
| \`ce_dataschema\` | the message's package |
| \`content-type\` | \`application/protobuf\` |
| \`traceparent\` | W3C Trace Context, where there is one |

The log in PostgreSQL has them as columns: \`event_id\`, \`type\`, \`occurred_at\`, \`traceparent\`. The key is a keyed hash of what the topic names, so that
one patient's events stay in order and no identifier stands outside the payload. An event that a consumer cannot apply goes to the topic's
\`.dead-letter\`. Consumers take events that come again, and those that come late: they heed \`ce_time\`. Unset fields are left out of the examples, as
protobuf JSON does.
`;

function chapterOf(contract, topic, code) {
  const { messages, enums } = contract;
  const used = new Set(messages.flatMap(({ fields }) => fields.map((field) => field.message?.typeName)));
  const events = messages.filter(({ typeName }) => !used.has(typeName));
  const parts = messages.filter(({ typeName }) => used.has(typeName));
  return [
    `## ${topic}`,
    '',
    `${commentOf(contract, [2]).replace(/^Topic [\w.-]+/, `Package \`${contract.proto.package}\``)}`,
    '',
    `- Written by ${listOf(producersOf(topic, code))}`,
    `- Read by ${listOf(consumersOf(topic, code))}`,
    '',
    ...events.flatMap((message) => [...sectionOf(message), ...examplesOf(message)]),
    ...parts.flatMap(sectionOf),
    ...enums.flatMap((one) => [
      `### ${one.name}`,
      '',
      sentence(commentOf(contract, [5, contract.enums.indexOf(one)])),
      '',
      '| number | value | |',
      '|---|---|---|',
      ...one.values.map(({ number, name }, i) => `| ${number} | \`${name}\` | ${cell(commentOf(contract, [5, contract.enums.indexOf(one), 2, i]))} |`),
      '',
    ]),
  ].join('\n');
}

function sectionOf(message) {
  const path = [4, message.file.messages.indexOf(message)];
  return [
    `### ${message.name}`,
    '',
    sentence(commentOf(message.file, path)),
    '',
    '| | field | type | |',
    '|---|---|---|---|',
    ...message.fields.map((field, i) => `| ${field.number} | \`${field.name}\` | ${typeOf(field)} | ${cell(commentOf(message.file, [...path, 2, i]))} |`),
    '',
  ];
}

function examplesOf(message) {
  const folder = join(root, 'proto', dirname(message.file.name), 'examples');
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.split('.')[0] === message.name) : [];
  return files
    .sort((a, b) => a.length - b.length || a.localeCompare(b))
    .flatMap((name) => {
      const variant = basename(name, '.json').split('.')[1];
      const title = variant ? `Example: ${variant.replaceAll('-', ' ')}` : 'Example';
      return [`<details><summary>${title}</summary>`, '', '```json', readFileSync(join(folder, name), 'utf8').trim(), '```', '', '</details>', ''];
    });
}

function typeOf(field) {
  const type = field.message?.name ?? field.enum?.name ?? ScalarType[field.scalar].toLowerCase();
  return `${field.fieldKind === 'list' ? 'repeated ' : ''}${type}`;
}

/** The comment that stands above a declaration, found by its path in the file: see google/protobuf/descriptor.proto `SourceCodeInfo.Location`. */
function commentOf({ proto }, path) {
  const location = proto.sourceCodeInfo?.location.find((one) => one.path.join() === path.join());
  return (location?.leadingComments ?? '').trim().replace(/\s*\n\s*/g, ' ');
}

const sentence = (comment) => comment || 'No comment.';
const cell = (comment) => comment.replaceAll('|', '\\|');
const listOf = (names) => (names.length > 0 ? names.join(', ') : 'nobody yet');

/** Of every service and lib: the text of its own code, its tests left out. */
function sources() {
  const ownCode = /^(?!.*(\.(spec|int-spec|kafka-spec)\.ts$|\/(fixtures|testing|generated|dist|node_modules)\/)).*\.ts$/;
  return ['services', 'libs'].flatMap((layer) =>
    readdirSync(join(root, layer)).map((name) => {
      const folder = join(root, layer, name, 'src');
      const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => ownCode.test(`/${path}`)) : [];
      return { layer, name, text: files.map((path) => readFileSync(join(folder, path), 'utf8')).join('\n') };
    }),
  );
}

const handlerOf = (topic) => new RegExp(`@EventPattern\\('${topic.replaceAll('.', '\\.')}'[^)]*\\)`, 'g');

const consumersOf = (topic, code) => code.filter(({ text }) => handlerOf(topic).test(text)).map(({ name }) => name);

function producersOf(topic, code) {
  const writers = code.filter(({ layer, name, text }) => !(layer === 'libs' && name === 'events') && text.replace(handlerOf(topic), '').includes(`'${topic}'`));
  return writers.map(({ layer, name }) => (layer === 'libs' ? `every service with a database (\`libs/${name}\`)` : name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, catalogue());
