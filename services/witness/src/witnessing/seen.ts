import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EMPTY_ROOT, fromBase64, HASH_LENGTH, sha256 } from '@carespine/transparency-log';

/** The largest tree of a log that was cosigned. */
export interface Seen {
  size: number;
  root: Buffer;
}

const NOTHING: Seen = { size: 0, root: EMPTY_ROOT };

/**
 * How far each log was seen: a file a log, replaced in one step and on the disk before anything is said of it.
 * One process holds the folder.
 */
export class SeenLogs {
  private readonly known = new Map<string, Seen>();

  /** @throws Error when another process holds the folder, or a file in it cannot be read: a witness that forgets is none */
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
    this.hold();
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
      const { origin, size, root } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { origin: string; size: number; root: string };
      const hash = fromBase64(root);
      if (nameOf(origin) !== file || !Number.isSafeInteger(size) || hash?.length !== HASH_LENGTH) throw new Error(`${join(folder, file)} is damaged`);
      this.known.set(origin, { size, root: hash });
    }
  }

  of(origin: string): Seen {
    return this.known.get(origin) ?? NOTHING;
  }

  /** Durable when it returns. */
  keep(origin: string, seen: Seen): void {
    const file = join(this.folder, nameOf(origin));
    write(`${file}.unfinished`, JSON.stringify({ origin, size: seen.size, root: seen.root.toString('base64') }));
    renameSync(`${file}.unfinished`, file);
    sync(this.folder);
    this.known.set(origin, seen);
  }

  release(): void {
    rmSync(join(this.folder, 'lock'), { force: true });
  }

  private hold(): void {
    const lock = join(this.folder, 'lock');
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = Number(readFileSync(lock, 'utf8'));
      if (holder !== process.pid && isAlive(holder)) throw new Error(`${this.folder} is held by process ${holder}`, { cause: error });
      writeFileSync(lock, String(process.pid));
    }
  }
}

const nameOf = (origin: string): string => `${sha256(Buffer.from(origin)).toString('hex')}.json`;

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function write(file: string, text: string): void {
  const descriptor = openSync(file, 'w', 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function sync(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
