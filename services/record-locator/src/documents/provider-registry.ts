import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { plainToInstance, Type } from 'class-transformer';
import {
  ArrayNotEmpty,
  ArrayUnique,
  Equals,
  IsArray,
  IsDefined,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
  validateSync,
  type ValidationError,
} from 'class-validator';
import { ConfigError } from '@carespine/service-kit';
import { MECHANISMS, type Mechanism } from './document-source';

/** Whom to ask when a document cannot be had: shown to the user. */
export class ProviderContact {
  @IsOptional() @IsString() @MaxLength(100) telephone?: string;

  @IsOptional() @IsString() @MaxLength(200) email?: string;

  /** When somebody answers, in words. */
  @IsOptional() @IsString() @MaxLength(200) hours?: string;
}

/** A host that one organisation's documents are fetched from. */
export class ProviderEndpoint {
  /** Lower case, as it stands in addresses; an internationalised name in its ASCII form. */
  @Matches(/^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$|^(127\.0\.0\.1|localhost|\[::1\])$/) host!: string;

  /** Of a loopback host alone: every other is called on 443. */
  @IsInt() @Min(1) @Max(65535) port = 443;

  @IsArray() @ArrayNotEmpty() @ArrayUnique() @IsIn(MECHANISMS, { each: true }) mechanisms!: Mechanism[];

  /** Accredited system id: the `Ssp-To` of pointers that name none. */
  @IsOptional() @Matches(/^\d{12}$/) asid?: string;

  /** Certificate authorities (PEM) that are believed for this host, in place of the public ones. */
  @IsOptional() @IsString() ca?: string;

  /** SHA-256 of the public keys (SubjectPublicKeyInfo) that the host may have, base64; any when absent. */
  @IsOptional() @IsArray() @ArrayNotEmpty() @Matches(/^[A-Za-z0-9+/]{43}=$/, { each: true }) pins?: string[];

  /** `unsigned`: for a provider that still takes the national form, which any party on the way could have made. */
  @IsIn(['signed', 'unsigned']) auditToken: 'signed' | 'unsigned' = 'signed';

  /** The provider simulator on this machine: the one exception to "public addresses only". */
  @IsOptional() @Equals(true) loopback?: true;
}

export class Provider {
  @Matches(/^[A-Z0-9]{1,12}(\.[A-Z0-9]{1,12})?$/) odsCode!: string;

  @IsString() @MaxLength(200) name!: string;

  @IsDefined() @ValidateNested() @Type(() => ProviderContact) contact!: ProviderContact;

  @IsArray() @ArrayNotEmpty() @ValidateNested({ each: true }) @Type(() => ProviderEndpoint) endpoints!: ProviderEndpoint[];
}

class RegistryFile {
  @IsArray() @ArrayUnique(({ odsCode }: Provider) => odsCode) @ValidateNested({ each: true }) @Type(() => Provider) providers!: Provider[];
}

/** Who may be called for documents: what is not in it is not called. */
export class ProviderRegistry {
  private readonly providers: ReadonlyMap<string, Provider>;

  constructor(providers: readonly Provider[]) {
    this.providers = new Map(providers.map((provider) => [provider.odsCode, provider]));
  }

  get all(): Provider[] {
    return [...this.providers.values()];
  }

  /** @param custodian ODS code; of a part of an organisation (`ODS.SUFFIX`), the whole answers when the part is not registered itself */
  ofCustodian(custodian: string): Provider | undefined {
    return this.providers.get(custodian) ?? this.providers.get(custodian.split('.')[0] ?? '');
  }
}

/**
 * @param file JSON: `{ providers: Provider[] }`
 * @throws ConfigError that names every faulty entry
 */
export function readProviderRegistry(file: string, loopbackAllowed: boolean): ProviderRegistry {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new ConfigError('PROVIDER_REGISTRY: cannot be read as JSON');
  }
  return providerRegistryOf(content, loopbackAllowed);
}

/** @throws ConfigError */
export function providerRegistryOf(content: unknown, loopbackAllowed: boolean): ProviderRegistry {
  const registry = plainToInstance(RegistryFile, isObject(content) ? content : {});
  const faults = validateSync(registry, { whitelist: true, forbidNonWhitelisted: true }).flatMap((error) => told(error));
  if (faults.length === 0) faults.push(...registry.providers.flatMap((provider) => provider.endpoints.flatMap((endpoint) => faultsOf(provider, endpoint, loopbackAllowed))));
  if (faults.length > 0) throw new ConfigError(`PROVIDER_REGISTRY is wrong:\n  ${faults.join('\n  ')}`);
  return new ProviderRegistry(registry.providers);
}

const isObject = (content: unknown): content is object => typeof content === 'object' && content !== null && !Array.isArray(content);

function told({ property, constraints, children }: ValidationError, path = ''): string[] {
  const here = path + property;
  return [...Object.values(constraints ?? {}).map((text) => `${here}: ${text}`), ...(children ?? []).flatMap((child) => told(child, `${here}.`))];
}

export const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '[::1]'];

function faultsOf({ odsCode, endpoints }: Provider, endpoint: ProviderEndpoint, loopbackAllowed: boolean): string[] {
  const { host, port, loopback, ca } = endpoint;
  const at = `${odsCode} ${host}`;
  const faults: string[] = [];
  if (loopback && !loopbackAllowed) faults.push(`${at}: loopback needs PROVIDERS_ON_LOOPBACK, which is for development alone`);
  if (loopback && !LOOPBACK_HOSTS.includes(host)) faults.push(`${at}: loopback names another host`);
  if (!loopback && LOOPBACK_HOSTS.includes(host)) faults.push(`${at}: is this machine, and not marked loopback`);
  if (!loopback && port !== 443) faults.push(`${at}: documents are fetched on port 443 alone`);
  if (endpoints.some((other) => other !== endpoint && other.host === host && other.port === port)) faults.push(`${at}: is named twice`);
  if (ca !== undefined && !isCertificate(ca)) faults.push(`${at}: ca holds no certificate`);
  return faults;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    return false;
  }
}
