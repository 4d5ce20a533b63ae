import { importJWK, type CryptoKey, type JSONWebKeySet, type JWK } from 'jose';

const FEWEST_BITS = 2048;
/** A longer modulus only costs time. */
const MOST_BITS = 8192;
const MOST_KEYS = 20;

/**
 * What is wrong with a key set, in words; undefined when all of it can verify RS512.
 *
 * @see identity and access specification, "Application-restricted: signed JWT": RSA keys, at least 2048 bits
 */
export function flawOf({ keys }: JSONWebKeySet): string | undefined {
  if (!Array.isArray(keys) || keys.length === 0) return 'holds no keys';
  if (keys.length > MOST_KEYS) return `holds more than ${MOST_KEYS} keys`;
  if (keys.some((key) => typeof key === 'object' && key !== null && 'd' in key)) return 'holds a private key';
  const useless = keys.findIndex((key) => !isUsable(key));
  if (useless !== -1) return `key ${useless + 1} is not an RSA signing key for RS512 with a kid and at least ${FEWEST_BITS} bits`;
  return new Set(keys.map((key) => key.kid)).size < keys.length ? 'holds a kid twice' : undefined;
}

/** The usable keys of a set, by `kid`; others of the set serve other ends. */
export async function importKeys({ keys }: JSONWebKeySet): Promise<Map<string, CryptoKey>> {
  const imported = new Map<string, CryptoKey>();
  for (const key of keys.slice(0, MOST_KEYS).filter(isUsable)) {
    try {
      imported.set(key.kid, (await importJWK({ kty: 'RSA', n: key.n, e: key.e }, 'RS512')) as CryptoKey);
    } catch {
      continue; // a number that is none
    }
  }
  return imported;
}

function isUsable(key: JWK): key is JWK & { kid: string; n: string; e: string } {
  if (typeof key !== 'object' || key === null) return false;
  const { kty, kid, n, e, use, alg } = key;
  if (kty !== 'RSA' || typeof kid !== 'string' || !kid || typeof n !== 'string' || typeof e !== 'string') return false;
  if ((use !== undefined && use !== 'sig') || (alg !== undefined && alg !== 'RS512')) return false;
  const modulus = Buffer.from(n, 'base64url');
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  return bits >= FEWEST_BITS && bits <= MOST_BITS;
}
