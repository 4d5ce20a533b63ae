import { connect } from 'node:net';
import type { Platform } from '../platform';

export interface RawAnswer {
  /** 0 when the connection was closed without an answer. */
  status: number;
  /** How many answers came. */
  answers: number;
  text: string;
}

const LONGEST_MS = 5_000;

/** Sends bytes as they are, which no HTTP client would, and reads until the other side closes or has been silent for a moment. */
export function rawRequest({ url }: Platform, bytes: string | Buffer, { quietMs = 150 } = {}): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let text = '';
    let quiet: NodeJS.Timeout | undefined;
    const finish = (): void => {
      clearTimeout(quiet);
      clearTimeout(limit);
      socket.destroy();
      const statusLines = text.match(/^HTTP\/1\.[01] \d{3}/gm) ?? [];
      resolve({ status: Number(statusLines.find((line) => !line.endsWith(' 100'))?.slice(9) ?? 0), answers: statusLines.length, text });
    };
    const limit = setTimeout(finish, LONGEST_MS);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      clearTimeout(quiet);
      quiet = setTimeout(finish, quietMs);
    });
    socket.once('error', finish);
    socket.once('close', finish);
    socket.write(bytes);
  });
}

/** Header lines after a request line, with CRLF. */
export const head = (requestLine: string, headers: string[] = []): string => [requestLine, ...headers, '', ''].join('\r\n');
