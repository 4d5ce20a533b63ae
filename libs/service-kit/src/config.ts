import { getMetadataStorage, IsIn, IsInt, IsOptional, IsString, IsUrl, Max, Min, MinLength, validateSync } from 'class-validator';

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

  /** The database of the event log. */
  @IsString() @MinLength(1) EVENT_LOG_URL!: string;

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
