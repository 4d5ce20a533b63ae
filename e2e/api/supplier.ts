import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importJWK, SignJWT, type JWK } from 'jose';
import type { Bundle, OperationOutcome, Patient } from '@carespine/fhir';
import { addressOf, secretsOf, type Platform } from '../platform';

export const BASE = '/personal-demographics/FHIR/R4';
const ISSUER_PATH = '/openam/oauth2/realms/root/realms/NHSIdentity/realms/Healthcare';
const TOKEN_CLIENT = '000000000002.apps.national';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';

/** The demo's applications: see deploy/demo/applications.json. */
export const CLINICAL_SYSTEM = 'example-clinical-system';
export const TRACING_APP = 'example-tracing-app';
export const RECORDS_OFFICE = 'example-records-office';

export interface Tokens {
  access_token: string;
  refresh_token?: string;
}

/** Asks the token endpoint, proving by a signed assertion to be an application of the demo. */
export async function tokensFor(platform: Platform, clientId: string, form: Record<string, string>): Promise<Tokens> {
  const key = JSON.parse(readFileSync(join(platform.home, 'applications', `${clientId}.jwk.json`), 'utf8')) as JWK;
  const url = `${platform.url}/oauth2/token`;
  const assertion = await new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: 'RS512', typ: 'JWT', kid: key.kid })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(url)
    .setExpirationTime('1m')
    .sign(await importJWK(key, 'RS512'));
  const body = new URLSearchParams({
    ...form,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  });
  const answer = await fetch(url, { method: 'POST', body });
  if (answer.status !== 200) throw new Error(`No token: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Tokens;
}

export const applicationTokens = (platform: Platform, clientId: string, more: Record<string, string> = {}): Promise<Tokens> =>
  tokensFor(platform, clientId, { grant_type: 'client_credentials', ...more });

interface Identity {
  idToken: string;
  accessToken: string;
}

/** Signs a user of the demo in at the simulator, as a supplier does that signs its users in itself. */
export async function identify(platform: Platform, userId: string, { aal = 3, roleId }: { aal?: 1 | 2 | 3; roleId?: string } = {}): Promise<Identity> {
  const { signIn } = await import('../../deploy/local/cis2-sign-in.mjs');
  return signIn({
    issuer: `${addressOf(platform, 2)}${ISSUER_PATH}`,
    clientId: TOKEN_CLIENT,
    privateJwk: secretsOf(platform).tokenClientKey,
    redirectUri: `${platform.url}/token-command`,
    userId,
    roleId,
    aal,
  });
}

export async function userTokens(platform: Platform, userId: string, sign: { aal?: 1 | 2 | 3; roleId?: string } = {}, more: Record<string, string> = {}): Promise<Tokens> {
  const { idToken } = await identify(platform, userId, sign);
  const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token_type: ID_TOKEN, subject_token: idToken };
  return tokensFor(platform, CLINICAL_SYSTEM, { ...grant, ...more });
}

export interface Answer {
  status: number;
  headers: Headers;
  body: Omit<Patient, 'resourceType'> & Omit<Bundle<Patient>, 'resourceType' | 'link'> & Omit<OperationOutcome, 'resourceType'> & { resourceType: string };
  /** Of an OperationOutcome. */
  code?: string;
}

export interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
}

/** A supplier's system with an access token. */
export class Supplier {
  constructor(
    private readonly platform: Platform,
    private readonly token: string,
  ) {}

  static async ofUser(platform: Platform, userId: string, sign: { aal?: 1 | 2 | 3; roleId?: string } = {}): Promise<Supplier> {
    return new Supplier(platform, (await userTokens(platform, userId, sign)).access_token);
  }

  static async ofApplication(platform: Platform, clientId: string): Promise<Supplier> {
    return new Supplier(platform, (await applicationTokens(platform, clientId)).access_token);
  }

  /** @param path below the API's base when it starts with `/Patient` */
  async call(path: string, { method = 'GET', headers = {}, body }: Call = {}): Promise<Answer> {
    const url = path.startsWith('/Patient') ? `${this.platform.url}${BASE}${path}` : `${this.platform.url}${path}`;
    const answer = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'x-request-id': randomUUID(), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const parsed = (answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : { text }) as Answer['body'];
    return { status: answer.status, headers: answer.headers, body: parsed, code: parsed.issue?.[0]?.details?.coding?.[0]?.code };
  }

  patch(nhsNumber: string, version: number | string, patches: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call(`/Patient/${nhsNumber}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json-patch+json', 'if-match': `W/"${version}"`, ...headers },
      body: { patches },
    });
  }
}
