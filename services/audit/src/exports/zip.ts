import { pipeline, Readable } from 'node:stream';
import { crc32, createDeflateRaw } from 'node:zlib';

interface Entry {
  /** ASCII. */
  name: string;
  content: AsyncIterable<Buffer>;
}

/** Sizes follow the data, which is not known before (bit 3); names are UTF-8 (bit 11). */
const FLAGS = 0x0808;
const DEFLATED = 8;
/** 1 January 1980: files made from the same rows are the same. */
const DATE = 0x21;

/**
 * A ZIP archive, made while its content is read; below 4 GB.
 *
 * @see PKWARE APPNOTE.TXT, 4.3
 */
export async function* zip(entries: readonly Entry[]): AsyncGenerator<Buffer> {
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of entries) {
    const start = offset;
    const header = fields([4, 0x04034b50], [2, 20], [2, FLAGS], [2, DEFLATED], [2, 0], [2, DATE], [4, 0], [4, 0], [4, 0], [2, name.length], [2, 0]);
    yield Buffer.concat([header, Buffer.from(name)]);
    offset += header.length + name.length;
    let [crc, size, deflated] = [0, 0, 0];
    const measured = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of content) {
        crc = crc32(chunk, crc);
        size += chunk.length;
        yield chunk;
      }
    };
    const deflate = createDeflateRaw();
    pipeline(Readable.from(measured()), deflate, () => undefined); // a failure ends the loop below
    for await (const chunk of deflate as AsyncIterable<Buffer>) {
      deflated += chunk.length;
      yield chunk;
    }
    const sums: Field[] = [[4, crc], [4, deflated], [4, size]];
    yield fields([4, 0x08074b50], ...sums);
    offset += deflated + 16;
    const central = fields([4, 0x02014b50], [2, 20], [2, 20], [2, FLAGS], [2, DEFLATED], [2, 0], [2, DATE], ...sums, [2, name.length], [2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, start]);
    directory.push(Buffer.concat([central, Buffer.from(name)]));
  }
  const index = Buffer.concat(directory);
  yield Buffer.concat([index, fields([4, 0x06054b50], [2, 0], [2, 0], [2, entries.length], [2, entries.length], [4, index.length], [4, offset], [2, 0])]);
}

/** Bytes, and the number that they hold. */
type Field = [number, number];

function fields(...all: Field[]): Buffer {
  const bytes = Buffer.alloc(all.reduce((length, [size]) => length + size, 0));
  let at = 0;
  for (const [size, value] of all) at = bytes.writeUIntLE(value, at, size);
  return bytes;
}
