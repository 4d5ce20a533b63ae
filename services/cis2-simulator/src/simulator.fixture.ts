import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose';
import { allowInsecureRequests, discovery, PrivateKeyJwt, type Configuration } from 'openid-client';
import { closeService, createService, readConfig } from '@carespine/service-kit';
import { SimulatorConfig } from './config';
import { cis2Simulator } from './service';

// Jest lends its tests the structuredClone of another realm, whose objects oidc-provider does not take for plain ones.
globalThis.structuredClone = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T));

export const CLIENT_ID = '000000000001.apps.national';
export const SECRET_CLIENT_ID = '000000000002.apps.national';
export const CLIENT_SECRET = 'a-secret-of-the-tests-alone';
export const DEMO_PEOPLE = join(__dirname, '../../../deploy/demo/people.json');

export interface Simulator {
  issuer: string;
  origin: string;
  redirectUri: string;
  clientKey: JWK;
  /** Logout tokens that the first client was sent. */
  logoutTokens: string[];
  close(): Promise<void>;
}

/** The whole service on a free port of 127.0.0.1, with a client that takes logout tokens and one that has a secret. */
export async function startSimulator(settings: Record<string, string> = {}): Promise<Simulator> {
  const logoutTokens: string[] = [];
  const client = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      logoutTokens.push(new URLSearchParams(body).get('logout_token') ?? '');
      response.end();
    });
  });
  client.unref(); // a simulator that does not start must not keep the tests waiting
  const clientPort = await portOf(client);
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const issuer = `${origin}/openam/oauth2/realms/root/realms/NHSIdentity/realms/Healthcare`;
  const redirectUri = `http://127.0.0.1:${clientPort}/callback`;
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = await calculateJwkThumbprint(await exportJWK(publicKey));
  const registration = { redirectUris: [redirectUri], postLogoutRedirectUris: [`${redirectUri}/signed-out`] };

  const config = readConfig(SimulatorConfig, {
    PORT: String(port),
    HOST: '127.0.0.1',
    LOG_LEVEL: 'error',
    PUBLIC_URL: origin,
    ISSUER: issuer,
    PEOPLE: DEMO_PEOPLE,
    CLIENTS: JSON.stringify([
      {
        ...registration,
        clientId: CLIENT_ID,
        tokenEndpointAuthMethod: 'private_key_jwt',
        jwks: { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'RS512', use: 'sig' }] },
        backchannelLogoutUri: `http://127.0.0.1:${clientPort}/backchannel-logout`,
      },
      { ...registration, clientId: SECRET_CLIENT_ID, tokenEndpointAuthMethod: 'client_secret_post', clientSecret: CLIENT_SECRET },
    ]),
    ...settings,
  });
  const app = await createService(cis2Simulator, config);
  await app.listen(port, '127.0.0.1');
  return {
    issuer,
    origin,
    redirectUri,
    clientKey: { ...(await exportJWK(privateKey)), kid, alg: 'RS512' },
    logoutTokens,
    close: async () => {
      await closeService(app);
      client.closeAllConnections();
      client.close();
    },
  };
}

/** The first client, as an application would be it. */
export async function relyingPartyOf({ issuer, clientKey }: Simulator): Promise<Configuration> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' };
  const key = await crypto.subtle.importKey('jwk', clientKey, algorithm, false, ['sign']);
  return discovery(
    new URL(issuer),
    CLIENT_ID,
    { id_token_signed_response_alg: 'RS256' },
    PrivateKeyJwt({ key, kid: clientKey.kid ?? '' }),
    { execute: [allowInsecureRequests] },
  );
}

/** A browser without JavaScript: cookies, forms and redirects. */
export class Browser {
  private readonly cookies = new Map<string, { value: string; path: string }>();

  /** One request, redirects not followed. */
  async send(url: string | URL, form?: Record<string, string>): Promise<Response> {
    const { pathname } = new URL(url);
    const cookie = [...this.cookies].filter(([, { path }]) => pathname.startsWith(path)).map(([name, { value }]) => `${name}=${value}`);
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: cookie.join('; '), accept: 'text/html' },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/expires=Thu, 01 Jan 1970/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, { value, path: /path=([^;]+)/i.exec(line)?.[1] ?? '/' });
    }
    return response;
  }

  /** Sends, and follows redirects until a page comes or the address leaves the simulator. */
  async open(url: string | URL, form?: Record<string, string>): Promise<{ url: URL; status: number; html: string }> {
    let at = new URL(url);
    let response = await this.send(at, form);
    for (;;) {
      const location = response.headers.get('location');
      if (!location) return { url: at, status: response.status, html: await response.text() };
      const next = new URL(location, at);
      if (next.origin !== at.origin) return { url: next, status: response.status, html: '' };
      at = next;
      response = await this.send(at);
    }
  }
}

async function portOf(server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
