import { isNativeError } from 'node:util/types';
import { AddressRefused, KeyNotPinned } from './provider-connections';
import type { Provider } from './provider-registry';
import { RetrievalFailure, type RetrievalCode } from './retrieval-failure';

/** Of the socket, and of the DNS. */
const LOST = new Set(
  'ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT EHOSTUNREACH ENETUNREACH ENOTFOUND EAI_AGAIN ENODATA ESERVFAIL EREFUSED ETIMEOUT ERR_SOCKET_CONNECTION_TIMEOUT'.split(' '),
);
const NOT_TRUSTED = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;
/** @see RFC 8446, 6.2: alerts about the certificate that we showed, or did not show; `handshake_failure` is TLS 1.2 for the latter */
const OURS_REFUSED = /^ERR_SSL_.*_ALERT_(\w*CERTIFICATE\w*|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR|HANDSHAKE_FAILURE)$/;

function codeOf(error: unknown): string {
  return isNativeError(error) && 'code' in error ? String(error.code) : '';
}

export const isConnectionLost = (error: unknown): boolean => LOST.has(codeOf(error));

/** @returns what to say of an error of the connection; anything else is our own fault, and passed on as it is */
export function failureOf(error: unknown, provider: Provider): unknown {
  const code = codeOf(error);
  const failure = (kind: RetrievalCode, reason: string): RetrievalFailure => new RetrievalFailure(kind, reason, provider);
  if (error instanceof AddressRefused) return failure('PROVIDER_ADDRESS_REFUSED', 'its name leads to an address that is not on the public internet');
  if (OURS_REFUSED.test(code)) return failure('PROXY_CERTIFICATE_REFUSED', 'it does not accept the certificate of this proxy');
  if (error instanceof KeyNotPinned || NOT_TRUSTED.test(code)) return failure('PROVIDER_NOT_TRUSTED', 'its certificate is not one that is believed');
  if (LOST.has(code)) return failure('PROVIDER_UNREACHABLE', code === 'ECONNRESET' || code === 'EPIPE' ? 'the connection broke' : 'no connection');
  if (code.startsWith('HPE_')) return failure('PROVIDER_RESPONSE_INVALID', 'the answer is not HTTP as it should be');
  return error;
}
