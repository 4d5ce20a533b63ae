import { createHash, generateKeyPair, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Obstacle } from './steps.mjs';

const newKeyPair = promisify(generateKeyPair);

/** 32 random bytes, base64url. */
const randomKey = () => randomBytes(32).toString('base64url');

/** Every secret of one copy; each is made once and then kept. */
const makers = {
  patientKeySecret: randomKey,
  portalReferenceKey: randomKey,
  /** Signs the context tokens of the gateway. */
  contextKey: () => privateJwk('ed25519', { alg: 'EdDSA' }),
  /** Signs the checkpoints of the log of accesses. */
  logSigningKey: () => privateJwk('ed25519', { alg: 'EdDSA' }),
  /** Signs the cosignatures of a witness. */
  witnessKey: () => privateJwk('ed25519', { alg: 'EdDSA' }),
  /** Signs the simulator's ID and logout tokens. */
  cis2SigningKey: () => privateJwk('rsa', { alg: 'RS256', modulusLength: 2048 }),
  /** Signs the gateway's client assertions to CIS2. */
  cis2ClientKey: () => privateJwk('rsa', { alg: 'RS512', modulusLength: 2048 }),
  /** Signs the record locator's audit tokens to providers. */
  auditTokenKey: () => privateJwk('ed25519', { alg: 'EdDSA' }),
  /** The same of the token command. */
  tokenClientKey: () => privateJwk('rsa', { alg: 'RS512', modulusLength: 2048 }),
};

/**
 * @typedef {import('node:crypto').JsonWebKey & { kid: string, alg: string, use: 'sig' }} Jwk
 * @typedef {object} Secrets
 * @property {Record<string, string>} passwords of database roles
 * @property {string} patientKeySecret
 * @property {string} portalReferenceKey
 * @property {Jwk} contextKey
 * @property {Jwk} logSigningKey
 * @property {Jwk} witnessKey
 * @property {Jwk} cis2SigningKey
 * @property {Jwk} cis2ClientKey
 * @property {Jwk} auditTokenKey
 * @property {Jwk} tokenClientKey
 */

/**
 * The secrets of this copy, from `secrets.json` of its state folder; what is missing is made and added.
 * @param {string} home
 * @param {string[]} roles database roles that need a password
 * @returns {Promise<Secrets>}
 */
export async function loadSecrets(home, roles) {
  const file = join(home, 'secrets.json');
  const kept = read(file);
  const made = await Promise.all(Object.entries(makers).map(async ([name, make]) => [name, kept[name] ?? (await make())]));
  const passwords = Object.fromEntries(roles.map((role) => [role, kept.passwords?.[role] ?? randomBytes(24).toString('base64url')]));
  const secrets = { ...kept, ...Object.fromEntries(made), passwords: { ...kept.passwords, ...passwords } };
  if (JSON.stringify(secrets) !== JSON.stringify(kept)) writePrivately(file, secrets);
  return secrets;
}

/**
 * A new private key that signs, its `kid` the thumbprint of RFC 7638.
 * @param {'rsa' | 'ed25519'} type
 * @param {{ alg: string, modulusLength?: number }} options
 * @returns {Promise<Jwk>}
 */
export async function privateJwk(type, { alg, modulusLength }) {
  const { privateKey } = await newKeyPair(/** @type {'rsa'} */ (type), { modulusLength: modulusLength ?? 0 });
  const jwk = privateKey.export({ format: 'jwk' });
  const { crv, e, kty, n, x } = jwk;
  const thumbprint = createHash('sha256')
    .update(JSON.stringify(type === 'rsa' ? { e, kty, n } : { crv, kty, x }))
    .digest('base64url');
  return { ...jwk, kid: thumbprint, alg, use: 'sig' };
}

/** @param {Jwk[]} privateJwks */
export function publicJwks(...privateJwks) {
  return { keys: privateJwks.map(({ d, p, q, dp, dq, qi, ...open }) => open) };
}

/**
 * The public half of an Ed25519 key as who verifies signed notes is given it: `<name>+<key id>+<type and key>`.
 * @param {string} name
 * @param {0x01 | 0x04} type a log's own key, or a witness's
 * @param {{ x?: string }} jwk
 */
export function verifierKey(name, type, { x }) {
  const typed = Buffer.concat([Buffer.of(type), Buffer.from(x ?? '', 'base64url')]);
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest('hex').slice(0, 8);
  return `${name}+${id}+${typed.toString('base64')}`;
}

/** Replaces a file in one step; only its owner can read it. */
export function writePrivately(file, content) {
  writeFileSync(`${file}.unfinished`, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.unfinished`, file);
}

function read(file) {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Obstacle(
      `${file} cannot be read (${error.code ?? 'it is not JSON'}): put it right, or remove the whole state folder to begin anew.`,
    );
  }
}
