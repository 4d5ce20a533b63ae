import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';

/** Structured log of the service: a stable event name as message, facts as fields; never personal data or tokens. */
export type Log = Logger;

export function makeLog(service: string, level: string): Log {
  return pino({ level, base: { service }, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } });
}

/** Nest's own messages into the same log. */
export class NestLog implements LoggerService {
  constructor(private readonly to: Log) {}

  log(message: unknown, context?: string): void {
    this.to.debug({ context }, String(message));
  }
  warn(message: unknown, context?: string): void {
    this.to.warn({ context }, String(message));
  }
  error(message: unknown, stack?: string, context?: string): void {
    this.to.error({ context, stack }, String(message));
  }
  fatal(message: unknown, context?: string): void {
    this.to.fatal({ context }, String(message));
  }
}
