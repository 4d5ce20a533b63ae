import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type AuthenticationResponseJSON,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Person } from '../people/people-file';

interface Passkey {
  credentialId: string;
  /** COSE key, base64url */
  publicKey: string;
  counter: number;
}

/** One passkey sign-in under way, from the sign-in page to its return. */
interface Ceremony {
  person: Person;
  /** Where the browser goes afterwards; the ticket is added as `?ticket=`. */
  returnTo: string;
  challenges: { create?: string; get?: string };
  verified: boolean;
  expiresAtMs: number;
}

/** What the page hands to the browser: `get` only when the person has a passkey already. */
export interface PasskeyOptions {
  create: PublicKeyCredentialCreationOptionsJSON;
  get?: PublicKeyCredentialRequestOptionsJSON;
}

export class PasskeyRefused extends Error {}

const FIVE_MINUTES_MS = 5 * 60 * 1000;

/**
 * Real passkeys (WebAuthn) of the demo's people.
 *
 * A passkey belongs to a domain, and an IP address is none. Where the issuer is a loopback address the ceremony therefore runs on
 * `localhost` at the same port, and a ticket carries its result back to the sign-in, whose cookies are the address's.
 *
 * @see Web Authentication Level 3, section 5.1.3: the RP ID must be a valid domain
 */
export class Passkeys {
  /** Undefined when the issuer's host can have no passkeys: an IP address other than loopback. */
  readonly origin?: string;
  private readonly rpId: string;
  private readonly ceremonies = new Map<string, Ceremony>();
  private readonly passkeys: Record<string, Passkey[]>;

  constructor(
    issuer: string,
    private readonly stateFile?: string,
  ) {
    const { protocol, hostname, port } = new URL(issuer);
    const address = isIP(hostname.replace(/^\[|\]$/g, '')) > 0;
    const loopback = hostname.startsWith('127.') || hostname === '[::1]';
    this.rpId = loopback ? 'localhost' : hostname;
    if (!address || loopback) this.origin = `${protocol}//${this.rpId}${port && `:${port}`}`;
    this.passkeys = stateFile && existsSync(stateFile) ? readPasskeys(stateFile) : {};
  }

  /** @returns the address of the passkey page for this sign-in */
  begin(person: Person, returnTo: string): string {
    const now = Date.now();
    for (const [ticket, ceremony] of this.ceremonies) if (ceremony.expiresAtMs <= now) this.ceremonies.delete(ticket);
    const ticket = randomBytes(24).toString('base64url');
    this.ceremonies.set(ticket, { person, returnTo, challenges: {}, verified: false, expiresAtMs: now + FIVE_MINUTES_MS });
    return `${this.origin}/passkey/${ticket}`;
  }

  /** @throws PasskeyRefused when the ticket is unknown or too old */
  async options(ticket: string): Promise<{ person: Person; options: PasskeyOptions }> {
    const ceremony = this.ceremony(ticket);
    const { person } = ceremony;
    const known = (this.passkeys[person.id] ?? []).map(({ credentialId }) => ({ id: credentialId }));
    const create = await generateRegistrationOptions({
      rpName: 'CIS2 simulator',
      rpID: this.rpId,
      userID: new TextEncoder().encode(person.id),
      userName: person.id,
      userDisplayName: `${person.givenName} ${person.familyName}`,
      excludeCredentials: known,
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
    });
    const get = known.length
      ? await generateAuthenticationOptions({ rpID: this.rpId, allowCredentials: known, userVerification: 'required' })
      : undefined;
    ceremony.challenges = { create: create.challenge, get: get?.challenge };
    return { person, options: { create, ...(get && { get }) } };
  }

  /** @throws PasskeyRefused when the browser's answer does not verify */
  async register(ticket: string, response: RegistrationResponseJSON): Promise<void> {
    const ceremony = this.ceremony(ticket);
    const { verified, registrationInfo } = await this.checked(() =>
      verifyRegistrationResponse({
        response,
        expectedChallenge: take(ceremony, 'create'),
        expectedOrigin: this.origin ?? '',
        expectedRPID: this.rpId,
        requireUserVerification: true,
      }),
    );
    if (!verified || !registrationInfo) throw new PasskeyRefused('The passkey could not be registered.');
    const { id, publicKey, counter } = registrationInfo.credential;
    const passkey = { credentialId: id, publicKey: Buffer.from(publicKey).toString('base64url'), counter };
    (this.passkeys[ceremony.person.id] ??= []).push(passkey);
    this.save();
  }

  /** @returns where the browser must go to end its sign-in. @throws PasskeyRefused when the browser's answer does not verify */
  async authenticate(ticket: string, response: AuthenticationResponseJSON): Promise<string> {
    const ceremony = this.ceremony(ticket);
    const passkey = this.passkeys[ceremony.person.id]?.find(({ credentialId }) => credentialId === response.id);
    if (!passkey) throw new PasskeyRefused('This passkey is not one of the user.');
    const { verified, authenticationInfo } = await this.checked(() =>
      verifyAuthenticationResponse({
        response,
        expectedChallenge: take(ceremony, 'get'),
        expectedOrigin: this.origin ?? '',
        expectedRPID: this.rpId,
        credential: {
          id: passkey.credentialId,
          publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
          counter: passkey.counter,
        },
        requireUserVerification: true,
      }),
    );
    if (!verified) throw new PasskeyRefused('The passkey could not be checked.');
    passkey.counter = authenticationInfo.newCounter;
    this.save();
    ceremony.verified = true;
    const returnTo = new URL(ceremony.returnTo);
    returnTo.searchParams.set('ticket', ticket);
    return returnTo.href;
  }

  /** The person whose passkey was checked for the sign-in at `returnTo`. A ticket works once. @throws PasskeyRefused */
  redeem(ticket: string, returnPath: string): Person {
    const ceremony = this.ceremony(ticket);
    const ours = new URL(ceremony.returnTo).pathname === returnPath;
    if (!ceremony.verified || !ours) throw new PasskeyRefused('The passkey was not checked.');
    this.ceremonies.delete(ticket);
    return ceremony.person;
  }

  private ceremony(ticket: string): Ceremony {
    const ceremony = this.ceremonies.get(ticket);
    if (!ceremony || ceremony.expiresAtMs <= Date.now()) {
      throw new PasskeyRefused('This sign-in has expired. Start again from the application.');
    }
    return ceremony;
  }

  /** The library throws plain errors about answers that do not fit; each is the browser's fault, not ours. */
  private async checked<T>(verify: () => Promise<T>): Promise<T> {
    try {
      return await verify();
    } catch (error) {
      throw error instanceof PasskeyRefused ? error : new PasskeyRefused('The passkey could not be checked.', { cause: error });
    }
  }

  private save(): void {
    if (!this.stateFile) return;
    const next = `${this.stateFile}.next`;
    writeFileSync(next, JSON.stringify(this.passkeys, undefined, 2), { mode: 0o600 });
    renameSync(next, this.stateFile);
  }
}

function readPasskeys(stateFile: string): Record<string, Passkey[]> {
  try {
    return JSON.parse(readFileSync(stateFile, 'utf8')) as Record<string, Passkey[]>;
  } catch (error) {
    throw new Error(`STATE_FILE cannot be read; without it passkeys start anew: ${(error as Error).message}`, { cause: error });
  }
}

/** A challenge is good for one answer. */
function take(ceremony: Ceremony, kind: 'create' | 'get'): string {
  const challenge = ceremony.challenges[kind];
  if (!challenge) throw new PasskeyRefused('This page is too old. Load it again.');
  ceremony.challenges = {};
  return challenge;
}
