import { createHash, X509Certificate } from 'node:crypto';
import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { promisify } from 'node:util';
import { buildConnector, Pool } from 'undici';
import { isLoopback, isPublic } from './network-address';
import type { ProviderEndpoint } from './provider-registry';

/** Names into addresses: the world's answer, which may change from one question to the next. */
export class NameResolution {
  private readonly lookUp = promisify(lookup);

  /** All addresses of a host. */
  resolve(host: string): Promise<LookupAddress[]> {
    return this.lookUp(host, { all: true });
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
  connectMs: number;
  /** Longest silence in the middle of a document, in milliseconds; a reader of ours that takes its time is none. */
  idleMs: number;
  /** Our own certificate and key (PEM), for hosts that ask. */
  client?: { cert: string; key: string };
}

/** Longest header section of an answer, in bytes. */
const LARGEST_HEADERS = 16_384;

/** Open connections to providers, TLS alone, each to an address that was looked at. */
export class ProviderConnections {
  private readonly pools = new Map<ProviderEndpoint, Pool>();

  constructor(
    private readonly names: NameResolution,
    private readonly settings: ConnectionSettings,
  ) {}

  to(endpoint: ProviderEndpoint): Pool {
    let pool = this.pools.get(endpoint);
    if (!pool) {
      pool = new Pool(`https://${endpoint.host}:${endpoint.port}`, {
        connect: this.connectorTo(endpoint),
        maxHeaderSize: LARGEST_HEADERS,
        bodyTimeout: this.settings.idleMs,
        keepAliveTimeout: 10_000,
      });
      this.pools.set(endpoint, pool);
    }
    return pool;
  }

  async close(): Promise<void> {
    await Promise.all([...this.pools.values()].map((pool) => pool.destroy()));
  }

  private connectorTo(endpoint: ProviderEndpoint): buildConnector.connector {
    const { pins, ca } = endpoint;
    const isAllowed = endpoint.loopback ? isLoopback : isPublic;
    return buildConnector({
      ...this.settings.client,
      ...(ca !== undefined && { ca }),
      timeout: this.settings.connectMs,
      minVersion: 'TLSv1.2',
      maxCachedSessions: 0, // a resumed session would not show its certificate again
      autoSelectFamily: true,
      lookup: this.lookupOf(isAllowed),
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
