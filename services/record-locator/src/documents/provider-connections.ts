import { createHash, X509Certificate } from 'node:crypto';
import type { LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { isLoopback, isPublic } from './network-address';
import type { ProviderEndpoint } from './provider-registry';

/**
 * Names into addresses: the world's answer, which may change from one question to the next. Asked of the DNS itself, since the system's
 * `getaddrinfo` occupies one of the few threads of the process for as long as a dead server keeps it waiting; so `/etc/hosts` is not read.
 */
export class NameResolution {
  private readonly dns = new Resolver({ timeout: 1000, tries: 2 });

  /** All addresses of a host. */
  async resolve(host: string): Promise<LookupAddress[]> {
    if (host === 'localhost') return lookup(host, { all: true });
    const [ipv4, ipv6] = await Promise.allSettled([this.dns.resolve4(host), this.dns.resolve6(host)]);
    if (ipv4.status === 'rejected' && ipv6.status === 'rejected') throw ipv4.reason;
    const of = (found: PromiseSettledResult<string[]>, family: 4 | 6): LookupAddress[] =>
      found.status === 'fulfilled' ? found.value.map((address) => ({ address, family })) : [];
    return [...of(ipv4, 4), ...of(ipv6, 6)];
  }
}

/** A name led to an address that is not called. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/** The host's certificate is good, and its key is none of those that it may have. */
export class KeyNotPinned extends Error {
  override readonly name = 'KeyNotPinned';
}

export interface ConnectionSettings {
  /** Longest wait for a connection, in milliseconds. */
  connectMs: number;
  /** Our own certificate and key (PEM), for hosts that ask. */
  client?: { cert: string; key: string };
}

/** Longest header section of an answer, in bytes. */
const LARGEST_HEADERS = 16_384;

/** Calls providers, by TLS alone, each over a connection to an address that was looked at. */
export class ProviderConnections {
  private readonly agents = new Map<ProviderEndpoint, Agent>();

  constructor(
    private readonly names: NameResolution,
    private readonly settings: ConnectionSettings,
  ) {}

  /**
   * Resolves with the head of the answer. Its body is to be read or destroyed; a signal that fires destroys it, with its reason.
   *
   * @throws Error of the connection, or the signal's reason
   */
  get(endpoint: ProviderEndpoint, path: string, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const { host, port } = endpoint;
      const call = request({ agent: this.agentOf(endpoint), host: host.replace(/^\[|\]$/g, ''), port, path, headers, maxHeaderSize: LARGEST_HEADERS });
      const late = setTimeout(() => call.destroy(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' })), this.settings.connectMs);
      let answer: IncomingMessage | undefined;
      const stop = (): void => void (answer ?? call).destroy(signal.reason as Error);
      signal.addEventListener('abort', stop);
      call.on('socket', (socket) => {
        if (call.reusedSocket) clearTimeout(late);
        else socket.once('secureConnect', () => clearTimeout(late));
      });
      call.on('response', (message) => {
        answer = message.on('error', () => undefined); // whoever reads is told
        resolve(message);
      });
      call.on('error', reject);
      call.on('close', () => {
        clearTimeout(late);
        signal.removeEventListener('abort', stop);
      });
      call.end();
    });
  }

  close(): void {
    for (const agent of this.agents.values()) agent.destroy();
  }

  private agentOf(endpoint: ProviderEndpoint): Agent {
    let agent = this.agents.get(endpoint);
    if (!agent) this.agents.set(endpoint, (agent = this.agentTo(endpoint)));
    return agent;
  }

  private agentTo({ pins, ca, loopback }: ProviderEndpoint): Agent {
    return new Agent({
      ...this.settings.client,
      ...(ca !== undefined && { ca }),
      keepAlive: true,
      timeout: 10_000, // of a connection in reserve
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true, // whatever NODE_TLS_REJECT_UNAUTHORIZED says
      maxCachedSessions: 0, // a resumed session would not show its certificate again
      lookup: this.lookupOf(loopback ? isLoopback : isPublic),
      checkServerIdentity: (host: string, certificate: PeerCertificate) =>
        checkServerIdentity(host, certificate) ?? (pins && !pins.includes(pinOf(certificate)) ? new KeyNotPinned() : undefined),
    });
  }

  /** The socket connects to what this gives it and asks nobody else: between look and leap there is no second answer. */
  private lookupOf(isAllowed: (address: string) => boolean): LookupFunction {
    return (host, options, done) => {
      this.names.resolve(host).then(
        (addresses) => {
          const first = addresses[0];
          if (!first || !addresses.every(({ address }) => isIP(address) && isAllowed(address))) done(new AddressRefused(), []);
          else if (options.all) done(null, addresses);
          else done(null, first.address, first.family);
        },
        (error: Error) => done(error, []),
      );
    };
  }
}

function pinOf({ raw }: PeerCertificate): string {
  const key = new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}
