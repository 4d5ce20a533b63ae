import { createReadStream } from 'node:fs';

/** Longer lines are not read into memory: no resource that we import comes near. */
export const LONGEST_LINE = 256 * 1024;

export interface Line {
  /** 1 for the first line of the file. */
  number: number;
  /** Offset of the byte after the line and its line feed. */
  end: number;
  /** Without its line end; undefined when the line is too long. */
  bytes: Buffer | undefined;
}

/**
 * Reads a file line by line in constant memory, from an offset at which a line begins.
 *
 * @param before number of the line before the offset
 * @returns lines in groups, as they come off the disk
 */
export async function* linesOf(file: string, offset: number, before: number): AsyncGenerator<Line[]> {
  let number = before;
  let end = offset;
  let pending: Buffer[] = [];
  let pendingBytes = 0;

  const finish = (last: Buffer, feed: number): Line => {
    const length = pendingBytes + last.length;
    const bytes = length > LONGEST_LINE ? undefined : pending.length > 0 ? Buffer.concat([...pending, last]) : last;
    pending = [];
    pendingBytes = 0;
    end += length + feed;
    return { number: ++number, end, bytes: bytes && withoutReturn(bytes) };
  };

  for await (const chunk of createReadStream(file, { start: offset, highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const lines: Line[] = [];
    let start = 0;
    for (let feed = chunk.indexOf(0x0a); feed >= 0; feed = chunk.indexOf(0x0a, start)) {
      lines.push(finish(chunk.subarray(start, feed), 1));
      start = feed + 1;
    }
    if (start < chunk.length) {
      pendingBytes += chunk.length - start;
      // of a line that is too long only the length matters
      if (pendingBytes <= LONGEST_LINE) pending.push(chunk.subarray(start));
    }
    yield lines;
  }
  if (pendingBytes > 0) yield [finish(Buffer.alloc(0), 0)];
}

function withoutReturn(bytes: Buffer): Buffer {
  return bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes;
}
