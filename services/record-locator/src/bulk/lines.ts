import { createReadStream } from 'node:fs';

/** Longer lines are not read into memory: no pointer comes near. */
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
 */
export async function* linesOf(file: string, offset: number, before: number): AsyncGenerator<Line> {
  let [number, end, length] = [before, offset, 0];
  let parts: Buffer[] = [];
  const finish = (feed: number): Line => {
    const bytes = length > LONGEST_LINE ? undefined : Buffer.concat(parts);
    end += length + feed;
    [parts, length] = [[], 0];
    return { number: ++number, end, bytes: bytes?.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes };
  };
  const take = (part: Buffer): void => {
    length += part.length;
    if (length <= LONGEST_LINE) parts.push(part); // of a line that is too long only the length matters
  };
  for await (const chunk of createReadStream(file, { start: offset, highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let feed = chunk.indexOf(0x0a); feed >= 0; feed = chunk.indexOf(0x0a, start)) {
      take(chunk.subarray(start, feed));
      yield finish(1);
      start = feed + 1;
    }
    if (start < chunk.length) take(chunk.subarray(start));
  }
  if (length > 0) yield finish(0);
}
