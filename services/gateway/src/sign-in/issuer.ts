const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Whether tokens and codes may travel to that address: by https, or in the clear to this very machine. */
export function isSafeAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname));
}
