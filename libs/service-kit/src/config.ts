import { getMetadataStorage, IsBoolean, IsIn, IsInt, IsOptional, IsString, IsUrl, Matches, Max, Min, MinLength, ValidateBy, ValidateIf, validateSync } from 'class-validator';
import { accessSync, constants } from 'node:fs';

/** Of a file that is read later: that it can be. */
const IsReadable = (): PropertyDecorator => ValidateBy({ name: 'isReadable', validator: { validate: isReadable, defaultMessage: () => 'cannot be read' } });

function isReadable(path: unknown): boolean {
  try {
    accessSync(String(path), constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

const IsForTls = (): PropertyDecorator =>
  ValidateBy({ name: 'isForTls', validator: { validate: (_, of) => (of?.object as StoreConfig).KAFKA_TLS === true, defaultMessage: () => 'means nothing unless KAFKA_TLS is true' } });

/** Payloads hold NHS numbers: between machines they travel encrypted, unless it is said that the network is. */
const IsEncrypted = (): PropertyDecorator =>
  ValidateBy({
    name: 'isEncrypted',
    validator: {
      validate: (tls, of) => {
        const { KAFKA_BROKERS, KAFKA_PLAINTEXT } = of?.object as StoreConfig;
        return tls === true || KAFKA_PLAINTEXT === true || !KAFKA_BROKERS || KAFKA_BROKERS.split(',').every((broker) => /^(localhost|127(\.\d{1,3}){3}):/.test(broker));
      },
      defaultMessage: () => 'must be true for brokers on other machines, unless KAFKA_PLAINTEXT is true because the network between is encrypted',
    },
  });

/** What every service reads from its environment. A service extends it with its own variables. */
export class ServiceConfig {
  @IsInt() @Min(0) @Max(65535) PORT = 8080;

  @IsString() HOST = '0.0.0.0';

  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']) LOG_LEVEL = 'info';

  /** The address that browsers and suppliers use, without a slash at the end. */
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] }) PUBLIC_URL!: string;

  /** The gateway's public keys (JSON Web Key Set) that sign context tokens. */
  @IsOptional() @IsString() CONTEXT_JWKS?: string;

  /** Largest request body in bytes. */
  @IsInt() @Min(1024) BODY_LIMIT = 1_048_576;

  /** How long a stopping service lets open requests finish, in milliseconds. */
  @IsInt() @Min(0) DRAIN_MS = 10_000;
}

/** Of a service with a database: its own, and the event log. */
export class StoreConfig extends ServiceConfig {
  @IsString() @MinLength(1) DATABASE_URL!: string;

  /** Most connections to the database. */
  @IsInt() @Min(2) @Max(200) DATABASE_POOL = 10;

  /** A query that takes longer is given up, in milliseconds. */
  @IsInt() @Min(100) STATEMENT_TIMEOUT_MS = 10_000;

  /** The database of the event log; not needed where Kafka is the log. */
  @ValidateIf(({ KAFKA_BROKERS }: StoreConfig) => !KAFKA_BROKERS)
  @IsString()
  @MinLength(1)
  EVENT_LOG_URL!: string;

  /** `host:port`, comma-separated: Kafka is the event log. */
  @IsOptional() @Matches(/^[a-zA-Z0-9.-]+:\d{1,5}(,[a-zA-Z0-9.-]+:\d{1,5})*$/, { message: 'must be host:port, comma-separated' }) KAFKA_BROKERS?: string;

  @IsBoolean() @IsEncrypted() KAFKA_TLS = false;

  /** Lets payloads travel to other machines without TLS: where the network itself is encrypted. */
  @IsBoolean() KAFKA_PLAINTEXT = false;

  /** PEM file of the authority that signed the brokers' certificates, where the system does not know it. */
  @IsOptional() @IsReadable() @IsForTls() KAFKA_CA_FILE?: string;

  @IsOptional() @IsIn(['plain', 'scram-sha-256', 'scram-sha-512']) KAFKA_SASL_MECHANISM?: 'plain' | 'scram-sha-256' | 'scram-sha-512';

  @ValidateIf(({ KAFKA_SASL_MECHANISM }: StoreConfig) => Boolean(KAFKA_SASL_MECHANISM)) @IsString() @MinLength(1) KAFKA_SASL_USERNAME?: string;

  @ValidateIf(({ KAFKA_SASL_MECHANISM }: StoreConfig) => Boolean(KAFKA_SASL_MECHANISM)) @IsString() @MinLength(1) KAFKA_SASL_PASSWORD?: string;

  /** Of each topic, when it is made: as many replicas of a service can share it. */
  @IsInt() @Min(1) @Max(200) KAFKA_PARTITIONS = 3;

  /** Copies of each topic, when it is made; 0 leaves it to the cluster. With three or more, two must have an event for it to count as written. */
  @IsInt() @Min(0) @Max(10) KAFKA_REPLICATION = 0;

  /** Secret of the keyed hash under which patients' events are ordered; one for the whole platform. */
  @IsString() @MinLength(32) PATIENT_KEY_SECRET!: string;
}

/** Names every faulty variable, never a value: it may be a password. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the variables that the class declares; one with a number or boolean as its default is read as such.
 *
 * @throws ConfigError
 */
export function readConfig<T extends object>(Config: new () => T, env: NodeJS.ProcessEnv): Readonly<T> {
  const config = new Config();
  const settings = config as Record<string, unknown>;
  const declared = getMetadataStorage().getTargetValidationMetadatas(Config, '', true, false);
  for (const name of new Set(declared.map((one) => one.propertyName))) {
    const given = env[name];
    if (given !== undefined && given !== '') settings[name] = as(typeof settings[name], given);
  }
  const faults = validateSync(config);
  if (faults.length > 0) {
    const lines = faults.map((fault) => `${fault.property}: ${Object.values(fault.constraints ?? { invalid: 'is invalid' }).join(', ')}`);
    throw new ConfigError(`Settings are wrong or missing:\n  ${lines.join('\n  ')}`);
  }
  return Object.freeze(config);
}

function as(type: string, given: string): unknown {
  if (type === 'number') return Number(given);
  if (type === 'boolean') return given === 'true' || (given !== 'false' && given);
  return given;
}
