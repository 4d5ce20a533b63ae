import { isNativeError } from 'node:util/types';

/** Codes of a database or network that is not there now, or had to give up, but may do the same in a moment. */
const PASSING = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['57P01', '57P02', '57P03', '57014', '40001', '40P01', '25006', '25P03', '25P04', '55P03'],
]);
/** Connections that broke; a server without room, memory or connections; its disk. */
const PASSING_CLASS = /^(08|53|58)...$/;
const PASSING_MESSAGE = /Connection terminated|timeout exceeded when trying to connect|Query read timeout|not queryable|Driver not Connected|Cannot use a pool after/i;

/**
 * The database could not be reached or gave up; the same work may succeed later.
 *
 * @see PostgreSQL 18, appendix A, "PostgreSQL Error Codes"
 */
export function isPassing(error: unknown): boolean {
  if (!isNativeError(error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  if (PASSING.has(code) || PASSING_CLASS.test(code) || PASSING_MESSAGE.test(error.message)) return true;
  if (error instanceof AggregateError) return error.errors.some(isPassing);
  return 'driverError' in error && isPassing(error.driverError);
}
