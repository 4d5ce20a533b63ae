import { createHash, randomBytes } from 'node:crypto';
import type { FastifyReply } from 'fastify';

/** Holds 256 random bits that mean nothing by themselves; the store knows their hash. */
export const SESSION_COOKIE = '__Host-carespine';

const ATTRIBUTES = { path: '/', secure: true, httpOnly: true, sameSite: 'lax' } as const;

export const newSecret = (): string => randomBytes(32).toString('base64url');

export const isSecret = (value: unknown): value is string => typeof value === 'string' && /^[\w-]{43}$/.test(value);

export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** @see identity and access specification, "Sessions" */
export function setSessionCookie(reply: FastifyReply, secret: string): void {
  void reply.setCookie(SESSION_COOKIE, secret, ATTRIBUTES);
}


/** Binds a sign-in under way to the browser that began it. */
export const SIGN_IN_COOKIE = '__Host-sign-in';

export function setSignInCookie(reply: FastifyReply, secret: string, maxAgeSeconds: number): void {
  void reply.setCookie(SIGN_IN_COOKIE, secret, { ...ATTRIBUTES, maxAge: maxAgeSeconds });
}

/** Leaves nothing behind for the next user of the browser. */
export function clearCookies(reply: FastifyReply): void {
  void reply.clearCookie(SESSION_COOKIE, ATTRIBUTES).clearCookie(SIGN_IN_COOKIE, ATTRIBUTES);
}
