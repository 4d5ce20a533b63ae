import { createPrivateKey, createPublicKey, sign, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import { sha256 } from './hashes';

/** Why a note, a key or a request is refused; holds nothing of its content. */
export class NoteFault extends Error {
  override readonly name = 'NoteFault';

  /** @param kind `malformed`: not in the format; `unverified`: no signature of a known key; `forged`: a known key's signature that fails */
  constructor(
    readonly kind: 'malformed' | 'unverified' | 'forged',
    message: string,
  ) {
    super(message);
  }
}

/** What a signature line holds behind the four bytes of the key's id. */
interface SignatureScheme {
  /** First byte of the encoded public key. */
  type: number;
  verify(text: string, signature: Buffer, key: KeyObject): boolean;
}

const SCHEMES: readonly SignatureScheme[] = [
  // the log's own signature, over the note's text
  { type: 0x01, verify: (text, signature, key) => signature.length === 64 && verify(null, Buffer.from(text), key, signature) },
  // a witness's cosignature, over the time as well: 8 bytes of it before the signature
  {
    type: 0x04,
    verify: (text, signature, key) =>
      signature.length === 72 && verify(null, cosigned(signature.readBigUInt64BE(0), text), key, signature.subarray(8)),
  },
];

const LOG = 0x01;
const COSIGNATURE = 0x04;

const cosigned = (time: bigint, text: string): Buffer => Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);

/** A public key that signs notes, as `<name>+<key id>+<type and key>` (a *vkey*). */
export class NoteVerifier {
  private constructor(
    readonly name: string,
    readonly keyId: Buffer,
    private readonly scheme: SignatureScheme,
    private readonly raw: Buffer,
    private readonly key: KeyObject,
  ) {}

  /** @throws NoteFault */
  static parse(vkey: string): NoteVerifier {
    const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(vkey) ?? [];
    const bytes = fromBase64(encoded ?? '');
    if (!name || !isKeyName(name) || bytes?.length !== 33) throw new NoteFault('malformed', 'not a verifier key');
    const verifier = NoteVerifier.of(name, bytes[0] as number, bytes.subarray(1));
    if (verifier.keyId.toString('hex') !== id) throw new NoteFault('malformed', 'the id is not that of the verifier key');
    return verifier;
  }

  /** @param raw 32 bytes of an Ed25519 public key */
  static of(name: string, type: number, raw: Buffer): NoteVerifier {
    const scheme = SCHEMES.find((one) => one.type === type);
    if (!scheme || !isKeyName(name)) throw new NoteFault('malformed', 'not a key that signs notes');
    const keyId = sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(type), raw])).subarray(0, 4);
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' });
    return new NoteVerifier(name, keyId, scheme, raw, key);
  }

  get vkey(): string {
    return `${this.name}+${this.keyId.toString('hex')}+${Buffer.concat([Buffer.of(this.scheme.type), this.raw]).toString('base64')}`;
  }

  get isWitness(): boolean {
    return this.scheme.type === COSIGNATURE;
  }

  /** @throws NoteFault forged */
  check(text: string, { name, keyId, signature }: NoteSignature): boolean {
    if (name !== this.name || !keyId.equals(this.keyId)) return false;
    if (!this.scheme.verify(text, signature, this.key)) throw new NoteFault('forged', 'the signature of a known key fails');
    return true;
  }
}

/** A private key that signs notes. */
export class NoteSigner {
  readonly verifier: NoteVerifier;
  private readonly key: KeyObject;

  /** @param jwk private Ed25519 key */
  constructor(
    readonly name: string,
    jwk: JsonWebKey,
    private readonly type: typeof LOG | typeof COSIGNATURE,
  ) {
    if (jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519' || !jwk.d || !jwk.x) throw new NoteFault('malformed', 'not a private Ed25519 key');
    this.key = createPrivateKey({ key: jwk, format: 'jwk' });
    this.verifier = NoteVerifier.of(name, type, Buffer.from(jwk.x, 'base64url'));
  }

  /** A log's own key. */
  static ofLog(name: string, jwk: JsonWebKey): NoteSigner {
    return new NoteSigner(name, jwk, LOG);
  }

  static ofWitness(name: string, jwk: JsonWebKey): NoteSigner {
    return new NoteSigner(name, jwk, COSIGNATURE);
  }

  /** @returns the signature line, with its end. @param now of a cosignature */
  line(text: string, now = new Date()): string {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(Math.floor(now.getTime() / 1000)));
    const signature =
      this.type === LOG ? sign(null, Buffer.from(text), this.key) : Buffer.concat([time, sign(null, cosigned(time.readBigUInt64BE(), text), this.key)]);
    return `— ${this.name} ${Buffer.concat([this.verifier.keyId, signature]).toString('base64')}\n`;
  }
}

export interface NoteSignature {
  name: string;
  keyId: Buffer;
  signature: Buffer;
}

export interface Note {
  /** With its last line's end. */
  text: string;
  signatures: NoteSignature[];
}

const LONGEST_NOTE = 1_000_000;
const MOST_SIGNATURES = 100;

export const signNote = (text: string, signers: readonly NoteSigner[]): string => `${text}\n${signers.map((signer) => signer.line(text)).join('')}`;

/** @throws NoteFault malformed. @see C2SP signed-note */
export function parseNote(note: string): Note {
  const split = note.lastIndexOf('\n\n');
  // eslint-disable-next-line no-control-regex -- they are what is refused
  if (note.length > LONGEST_NOTE || split < 1 || !note.endsWith('\n') || /[\x00-\x09\x0b-\x1f\x7f\ufffd]/.test(note)) throw malformed();
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > MOST_SIGNATURES) throw malformed();
  return { text: note.slice(0, split + 1), signatures: lines.map(signatureOf) };
}

/** @throws NoteFault malformed */
export function signatureOf(line: string): NoteSignature {
  const [, name, encoded] = /^\u2014 ([^ ]+) ([^ ]+)$/u.exec(line) ?? [];
  const bytes = fromBase64(encoded ?? '');
  if (!name || !isKeyName(name) || !bytes || bytes.length < 5) throw malformed();
  return { name, keyId: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

/**
 * The note's text, once a known key has signed it; signatures of unknown keys are passed over.
 *
 * @returns with the keys whose signatures hold
 * @throws NoteFault
 */
export function openNote(note: string, verifiers: readonly NoteVerifier[]): Note & { signedBy: NoteVerifier[] } {
  const parsed = parseNote(note);
  const signedBy = verifiers.filter((verifier) => parsed.signatures.some((signature) => verifier.check(parsed.text, signature)));
  if (signedBy.length === 0) throw new NoteFault('unverified', 'no known key has signed');
  return { ...parsed, signedBy };
}

/** The bytes, if that is the one way to write them. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

export const isKeyName = (name: string): boolean => name.length > 0 && name.length <= 256 && !/[\s+\p{C}]/u.test(name);

const malformed = (): NoteFault => new NoteFault('malformed', 'not a signed note');
