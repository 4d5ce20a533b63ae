import { Type, plainToInstance } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsEmail,
  IsIn,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  ValidateNested,
  validateSync,
  type ValidationError,
} from 'class-validator';
import { readFileSync } from 'node:fs';
import { isCalendarDate, isNhsNumber } from '@carespine/fhir';
import { ACR_NAMES, type AcrName } from '../authenticators/authenticators';

const TWELVE_DIGITS = /^\d{12}$/;
const twelveDigits = { message: '$property must be 12 digits' };

/** The professional membership claims of CIS2's `professionalmemberships` scope. */
export const PROFESSIONAL_IDS = ['gmc_id', 'gmp_id', 'nmc_id', 'gdc_id', 'gdp_id', 'gphc_id', 'rcn_id', 'consultant_id'] as const;

export class Organisation {
  /** ODS code */
  @Matches(/^[A-Z0-9]{3,10}$/, { message: '$property must be an ODS code: 3 to 10 capital letters or digits' }) code!: string;
  @IsString() @IsNotEmpty() @MaxLength(200) name!: string;
  /** False for an organisation that the platform does not know. For the launcher's list: the simulator signs its staff in all the same. */
  @IsOptional() @IsBoolean() registered?: boolean;
}

/** The name of an activity code, for the `activities` claim that runs parallel to `activity_codes`. */
export class Activity {
  @Matches(/^B\d{4}$/, { message: '$property must be a B code such as B0264' }) code!: string;
  @IsString() @IsNotEmpty() @MaxLength(200) name!: string;
}

export class AreaOfWork {
  @Matches(/^P\d{4}:Q\d{4}:T\d{4}$/, { message: '$property must look like P0010:Q0050:T0200' }) code!: string;
  @IsString() @IsNotEmpty() @MaxLength(300) name!: string;
}

/** A user role profile: one position of a person in one organisation. */
export class Role {
  /** `person_roleid`, what `NHSD-Session-URID` names */
  @Matches(TWELVE_DIGITS, twelveDigits) id!: string;
  /** `person_orgid`, the person's link to the organisation */
  @Matches(TWELVE_DIGITS, twelveDigits) personOrgId!: string;
  /** ODS code of one of the organisations of the files */
  @IsString() @IsNotEmpty() organisation!: string;
  @Matches(/^S\d{4}:G\d{4}:R\d{4}$/, { message: '$property must look like S8000:G8000:R8000' }) roleCode!: string;
  @Matches(/^"[^"]+":"[^"]+":"[^"]+"$/, { message: '$property must be three quoted names joined by colons' }) roleName!: string;
  @IsOptional() @IsArray() @ArrayUnique() @ArrayMaxSize(500)
  @Matches(/^B\d{4}$/, { each: true, message: 'each of $property must be a B code such as B0264' })
  activityCodes?: string[];
  @IsOptional() @IsArray() @ArrayUnique() @ArrayMaxSize(100) @IsString({ each: true }) @IsNotEmpty({ each: true })
  workgroups?: string[];
  @IsOptional() @IsArray() @ArrayMaxSize(100) @ValidateNested({ each: true }) @Type(() => AreaOfWork)
  areasOfWork?: AreaOfWork[];
  /** Last day, `yyyy-mm-dd`. For the audit service, which reports a role that is used past it: the simulator signs in with it all the same. */
  @IsOptional() @IsString() ended?: string;
}

export class Person {
  /** `sub`, `uid` and `nhsid_useruid` */
  @Matches(TWELVE_DIGITS, twelveDigits) id!: string;
  @IsOptional() @IsString() @MaxLength(20) title?: string;
  @IsString() @IsNotEmpty() @MaxLength(100) givenName!: string;
  @IsOptional() @IsString() @MaxLength(100) middleNames?: string;
  @IsString() @IsNotEmpty() @MaxLength(100) familyName!: string;
  /** One line for the sign-in page: who this is and what can be shown with them. */
  @IsOptional() @IsString() @MaxLength(200) about?: string;
  @IsOptional() @IsEmail() email?: string;
  /** Her own, where she is a patient too. For the audit service, which reports who opens her own record or a colleague's. */
  @IsOptional() @IsString() nhsNumber?: string;
  @IsIn([1, 2, 3]) idAssuranceLevel!: 1 | 2 | 3;
  /** For AAL1_USERPASS; without one the person cannot sign in at AAL1. */
  @IsOptional() @IsString() @IsNotEmpty() password?: string;
  /** The only authenticators that this person holds; all of them when absent. */
  @IsOptional() @IsArray() @ArrayUnique() @IsIn(ACR_NAMES, { each: true }) authenticators?: AcrName[];
  @IsOptional() @IsObject() professionalIds?: Partial<Record<(typeof PROFESSIONAL_IDS)[number], string>>;
  @IsArray() @ArrayMaxSize(100) @ValidateNested({ each: true }) @Type(() => Role) roles!: Role[];
}

/** The shape of a people file. Organisations and activities may stand in another file than the people that name them. */
export class PeopleFile {
  @IsOptional() @IsArray() @ValidateNested({ each: true }) @Type(() => Organisation) organisations?: Organisation[];
  @IsOptional() @IsArray() @ValidateNested({ each: true }) @Type(() => Activity) activities?: Activity[];
  @IsOptional() @IsArray() @ValidateNested({ each: true }) @Type(() => Person) people?: Person[];
}

export interface PeopleData {
  organisations: Map<string, Organisation>;
  activities: Map<string, string>;
  people: Map<string, Person>;
}

/**
 * Reads people files and checks them as one.
 *
 * @throws Error that lists every fault, a line each: file, person, field, what is wrong
 */
export function readPeople(paths: string[]): PeopleData {
  const faults: string[] = [];
  const data: PeopleData = { organisations: new Map(), activities: new Map(), people: new Map() };
  const files = paths.map((path) => ({ path, content: readFile(path, faults) }));

  for (const { path, content } of files) {
    for (const organisation of content?.organisations ?? []) {
      const known = data.organisations.get(organisation.code);
      if (known && known.name !== organisation.name) faults.push(`${path}: organisation ${organisation.code}: has another name elsewhere`);
      data.organisations.set(organisation.code, { ...known, ...organisation });
    }
    for (const activity of content?.activities ?? []) data.activities.set(activity.code, activity.name);
  }

  const patients = new Set<string>();
  const roleOwners = new Map<string, string>();
  for (const { path, content } of files) {
    for (const person of content?.people ?? []) {
      const where = `${path}: person ${person.id}`;
      if (data.people.has(person.id)) faults.push(`${where}: id: is already another person's`);
      data.people.set(person.id, person);
      const { nhsNumber } = person;
      if (nhsNumber !== undefined) {
        if (!isNhsNumber(nhsNumber)) faults.push(`${where}: nhsNumber: is no valid NHS number`);
        else if (patients.has(nhsNumber)) faults.push(`${where}: nhsNumber: is already another person's`);
        patients.add(nhsNumber);
      }
      for (const [index, role] of person.roles.entries()) {
        if (!data.organisations.has(role.organisation)) {
          faults.push(`${where}: roles[${index}].organisation: ${role.organisation} is not among the organisations of the people files`);
        }
        if (role.ended !== undefined && !isCalendarDate(role.ended)) faults.push(`${where}: roles[${index}].ended: must be a day, as YYYY-MM-DD`);
        if (roleOwners.has(role.id)) faults.push(`${where}: roles[${index}].id: is already a role of person ${roleOwners.get(role.id)}`);
        roleOwners.set(role.id, person.id);
      }
    }
  }
  if (faults.length) throw new Error(`The people files have faults:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  return data;
}

function readFile(path: string, faults: string[]): PeopleFile | undefined {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    faults.push(`${path}: ${error instanceof SyntaxError ? 'is not JSON' : 'cannot be read'} (${(error as Error).message})`);
    return undefined;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    faults.push(`${path}: must be an object with "organisations" and "people"`);
    return undefined;
  }
  const content = plainToInstance(PeopleFile, json);
  const before = faults.length;
  const errors = validateSync(content, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true });
  for (const error of errors) faults.push(...describe(error, path, json));
  for (const [index, person] of (Array.isArray(content.people) ? content.people : []).entries()) {
    const unknown = Object.entries(person?.professionalIds ?? {}).find(
      ([key, value]) => !PROFESSIONAL_IDS.some((id) => id === key) || typeof value !== 'string',
    );
    if (!unknown) continue;
    const allowed = PROFESSIONAL_IDS.join(', ');
    faults.push(`${path}: ${personAt(json, String(index))}: professionalIds.${unknown[0]}: must be a string, one of ${allowed}`);
  }
  return faults.length === before ? content : undefined;
}

/** class-validator's tree as lines `file: person 555000000101: roles[0].id: must be 12 digits`. */
function describe(error: ValidationError, path: string, json: object): string[] {
  const lines: string[] = [];
  const walk = (at: ValidationError, trail: string[]): void => {
    const here = [...trail, at.property];
    for (const message of Object.values(at.constraints ?? {})) {
      const [list, index, ...rest] = here;
      const inPerson = list === 'people' && index !== undefined;
      const field = (inPerson ? rest : here).join('.').replace(/\.(\d+)(?=\.|$)/g, '[$1]');
      const fault = message.replace(new RegExp(`^${at.property} `), '');
      lines.push([path, inPerson && personAt(json, index), field, fault].filter(Boolean).join(': '));
    }
    for (const child of at.children ?? []) walk(child, here);
  };
  walk(error, []);
  return lines;
}

function personAt(json: object, index: string): string {
  const { people } = json as { people?: { id?: unknown }[] };
  const id = Array.isArray(people) ? people[Number(index)]?.id : undefined;
  return typeof id === 'string' && id !== '' ? `person ${id}` : `people[${index}]`;
}
