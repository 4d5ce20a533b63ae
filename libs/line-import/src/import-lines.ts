import { createHash } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import type { Pool, PoolClient } from 'pg';
import { linesOf, type Line } from './lines';
import type { Refusal } from './refusal';

/** How far an earlier, interrupted import of the same file got. */
export interface Progress {
  /** Where the first line begins that is not yet imported. */
  byteOffset: number;
  /** Number of the line before it. */
  line: number;
  /** How much of the file of refusals is good. */
  refusedBytes: number;
}

export interface LineImport<Checked> {
  file: string;
  /** Where refused lines go, each with its reason; there is no such file when all were taken. */
  errors: string;
  from: Progress;
  /** Lines in one transaction. */
  batchSize: number;
  check(lines: readonly Line[]): Checked;
  /** In one transaction writes what was checked, adds what is refused, and remembers `last.end` and `refusals.bytes`. */
  store(checked: Checked, last: Line, refusals: Refusals): Promise<void>;
}

/** Imports a file from where an earlier call ended: the database takes in one batch while the next is checked. */
export async function importLines<Checked>({ file, errors, from, batchSize, check, store }: LineImport<Checked>): Promise<void> {
  const refusals = await Refusals.open(errors, from.refusedBytes);
  try {
    let storing = Promise.resolve();
    const take = async (batch: Line[]): Promise<void> => {
      const last = batch.at(-1);
      if (!last) return;
      const checked = check(batch);
      await storing;
      storing = store(checked, last, refusals);
      storing.catch(() => undefined); // whoever awaits it next is told
    };
    let batch: Line[] = [];
    for await (const lines of linesOf(file, from.byteOffset, from.line)) {
      for (const line of lines) {
        if (batch.push(line) < batchSize) continue;
        await take(batch);
        batch = [];
      }
    }
    await take(batch);
    await storing;
  } finally {
    await refusals.close();
  }
  if (refusals.bytes === 0) await rm(errors, { force: true });
}

/** The file of what was refused. */
export class Refusals {
  private constructor(
    private readonly file: FileHandle,
    private written: number,
  ) {}

  /** What an interrupted import wrote beyond its last transaction is written again. */
  static async open(path: string, bytes: number): Promise<Refusals> {
    const file = await open(path, bytes > 0 ? 'r+' : 'w', 0o600);
    await file.truncate(bytes);
    return new Refusals(file, bytes);
  }

  get bytes(): number {
    return this.written;
  }

  async add(refused: [Line, Refusal][]): Promise<void> {
    if (refused.length === 0) return;
    refused.sort(([one], [other]) => one.number - other.number);
    const notes = refused.map(
      ([{ number, bytes }, { message, expression }]) =>
        `${JSON.stringify({ line: number, reason: message, expression, content: bytes?.toString('utf8') })}\n`,
    );
    const { bytesWritten } = await this.file.write(Buffer.from(notes.join('')), 0, undefined, this.written);
    this.written += bytesWritten;
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/**
 * Lets one import of a kind run at a time, on a connection of its own: a transaction that failed half-way ends with it, and the lock at the latest.
 *
 * @throws Error when another is under way
 */
export async function importAlone<T>(pool: Pool, kind: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // whoever uses the connection learns of its end from the query in hand
  client.on('error', () => undefined);
  try {
    const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock(hashtext($1)) AS locked', [`${kind} import`]);
    if (!rows[0]?.locked) throw new Error('Another import is under way: wait for it to end.');
    const done = await work(client);
    await client.query('SELECT pg_advisory_unlock(hashtext($1))', [`${kind} import`]); // the server notices the end of a connection only later
    return done;
  } finally {
    client.release(true);
  }
}

/** Tells a file from another of the same name: its size and how it begins. */
export async function fingerprintOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1 << 20), 0, 1 << 20, 0);
    return `${size}-${createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex')}`;
  } finally {
    await file.close();
  }
}
