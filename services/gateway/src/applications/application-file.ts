import { Type, plainToInstance } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
  validateSync,
  type ValidationError,
} from 'class-validator';
import { readFileSync } from 'node:fs';
import { ConfigError } from '@carespine/service-kit';
import type { AccessMode, ClientAttributes } from '@carespine/access-control';
import type { JSONWebKeySet } from 'jose';
import { isSafeAddress } from '../sign-in/issuer';
import type { Application, RateLimit } from './application';
import { flawOf } from './public-keys';

const MODES: AccessMode[] = ['application-restricted', 'privileged-application-restricted', 'user-restricted'];
const ODS_CODE = /^[A-Z0-9]{3,12}$/;

class Attributes implements ClientAttributes {
  @IsOptional() @IsBoolean() update?: boolean;
  @IsOptional() @IsBoolean() emptyAddressLines?: boolean;
  @IsOptional() @IsBoolean() confidentialRemovalReasons?: boolean;
  @IsOptional() @IsBoolean() recordSharingConsent?: boolean;
}

class Limit implements RateLimit {
  @IsInt() @Min(1) @Max(100_000) perSecond!: number;
  @IsOptional() @IsInt() @Min(1) @Max(100_000) burst?: number;
}

/** One entry of an applications file. */
class Entry implements Application {
  @Matches(/^[\w.~-]{1,128}$/) clientId!: string;
  @IsString() @Length(1, 200) name!: string;
  @IsString() @Length(1, 64) productId!: string;
  @Matches(ODS_CODE) odsCode!: string;
  @IsArray() @ArrayNotEmpty() @ArrayUnique() @IsIn(MODES, { each: true }) accessModes!: AccessMode[];
  @IsArray() @ArrayUnique() @Matches(/^[a-z0-9-]{1,100}$/, { each: true }) products!: string[];
  @IsArray() @ArrayUnique() @Matches(/^[\w.~-]{1,128}$/, { each: true }) cis2ClientIds: string[] = [];
  @IsObject() @ValidateNested() @Type(() => Attributes) attributes: Attributes = new Attributes();
  @IsArray() @ArrayUnique() @Matches(ODS_CODE, { each: true }) organisations: string[] = [];
  @IsOptional() @IsObject() @ValidateNested() @Type(() => Limit) rateLimit?: Limit;
  @IsOptional() @IsObject() jwks?: JSONWebKeySet;
  @IsOptional() @IsString() @Length(1, 2000) jwksUri?: string;
  @IsBoolean() revoked = false;
}

class File {
  @IsArray() @ArrayMaxSize(10_000) @ValidateNested({ each: true }) @Type(() => Entry) applications!: Entry[];
}

/**
 * Reads the registered applications.
 *
 * @returns by client id
 * @throws ConfigError that names every fault by file, application and field
 */
export function readApplications(paths: readonly string[]): Map<string, Application> {
  const applications = new Map<string, Application>();
  const faults: string[] = [];
  for (const path of paths) {
    const file = parse(path);
    const errors = file ? validateSync(file, { whitelist: true, forbidNonWhitelisted: true }) : [];
    if (!file) faults.push(`${path}: is not a readable JSON object`);
    faults.push(...errors.flatMap((error) => describe(error, path, file)));
    if (!file || errors.length > 0) continue;
    file.applications.forEach((entry, index) => {
      const place = `${path}: application ${index + 1} (${entry.clientId})`;
      faults.push(...contradictions(entry).map((fault) => `${place}: ${fault}`));
      if (applications.has(entry.clientId)) faults.push(`${place}: clientId is taken by another application`);
      applications.set(entry.clientId, entry);
    });
  }
  if (faults.length > 0) throw new ConfigError(`Applications are wrong:\n  ${faults.join('\n  ')}`);
  return applications;
}

function parse(path: string): File | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof content !== 'object' || content === null || Array.isArray(content)) return undefined;
    return plainToInstance(File, content, { exposeDefaultValues: true });
  } catch {
    return undefined;
  }
}

/** What no single field can tell. */
function contradictions(entry: Entry): string[] {
  const faults: string[] = [];
  const { accessModes, cis2ClientIds, jwks, jwksUri, rateLimit } = entry;
  if (accessModes.includes('application-restricted') && accessModes.includes('privileged-application-restricted')) {
    faults.push('accessModes holds both kinds of application-restricted access, of which client credentials can give one');
  }
  if (accessModes.includes('user-restricted') && cis2ClientIds.length === 0) faults.push('cis2ClientIds is empty, and so no user can use it');
  if (jwks && jwksUri) faults.push('jwks and jwksUri exclude each other');
  if (jwksUri && !isSafeAddress(jwksUri)) faults.push('jwksUri must be an https address (http on loopback only)');
  const flaw = jwks && flawOf(jwks);
  if (flaw) faults.push(`jwks ${flaw}`);
  if (rateLimit?.burst !== undefined && rateLimit.burst < rateLimit.perSecond) faults.push('rateLimit.burst is less than perSecond');
  return faults;
}

/** One line a broken rule: `applications.json: application 2 (a-client): products must be an array`. */
function describe(error: ValidationError, path: string, file: File | undefined): string[] {
  const walk = (node: ValidationError, field: string): string[] => [
    ...Object.values(node.constraints ?? {}).map((rule) => `${field}: ${rule}`),
    ...(node.children ?? []).flatMap((child) => walk(child, field ? `${field}.${child.property}` : child.property)),
  ];
  if (!error.children?.length) return walk(error, error.property).map((line) => `${path}: ${line}`);
  return error.children.flatMap((entry) => {
    const clientId = file?.applications[Number(entry.property)]?.clientId;
    const place = `${path}: application ${Number(entry.property) + 1}${typeof clientId === 'string' ? ` (${clientId})` : ''}`;
    return walk(entry, '').map((line) => `${place}: ${line.replace(/^: /, '')}`);
  });
}
