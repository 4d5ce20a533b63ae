import { POINTER_TYPE_TOKENS, POINTER_TYPES } from '../validation/code-tables';

export type Side = 'producer' | 'consumer';

export const SIDES: readonly string[] = ['producer', 'consumer'] satisfies Side[];

/** @see record locator specification, "Permissions" */
export const ACCESS_CONTROLS = ['allow_all_types', 'allow_override_creation_datetime', 'allow_supersede_with_delete_failure'] as const;
export type AccessControl = (typeof ACCESS_CONTROLS)[number];

/**
 * In the place of an application: whichever one the organisation's own staff use.
 * In the place of an organisation: each that the application acts for.
 */
export const ANY = '*';

/** Which types of pointers an application may handle for an organisation, on one side. */
export interface Permission {
  /** Client id, or {@link ANY}. */
  application: string;
  /** ODS code, or {@link ANY}. */
  organisation: string;
  side: Side;
  /** `system|code` */
  types: string[];
  access_controls: AccessControl[];
}

/** What one caller may do, all its permissions taken together. */
export interface Grant {
  /** Codes of pointer types. */
  types: ReadonlySet<string>;
  controls: ReadonlySet<AccessControl>;
}

export function grantOf(permissions: readonly Permission[]): Grant {
  const controls = new Set(permissions.flatMap((permission) => permission.access_controls));
  const tokens = permissions.flatMap(({ types }) => types);
  const types = controls.has('allow_all_types') ? POINTER_TYPES.keys() : tokens.map((token) => POINTER_TYPE_TOKENS.get(token));
  return { types: new Set([...types].filter((code) => code !== undefined)), controls };
}

export const isOdsCode = (text: string): boolean => /^[A-Za-z0-9.]{1,20}$/.test(text);
const CLIENT_ID = /^[\w.~-]{1,128}$/;

/**
 * Reads permissions as a file or a request says them.
 *
 * @param source `{ application, organisation, producer?, consumer? }`, each side a list of types (v1) or `{ types, access_controls }` (v2)
 * @throws Error that says what is wrong
 */
export function permissionsOf(source: unknown): Permission[] {
  if (typeof source !== 'object' || source === null) throw new Error('a permission must be an object');
  const { application, organisation, ...sides } = source as Record<string, unknown>;
  if (application !== ANY && !(typeof application === 'string' && CLIENT_ID.test(application)))
    throw new Error("application must be a client id or '*'");
  if (organisation !== ANY && !(typeof organisation === 'string' && isOdsCode(organisation)))
    throw new Error("organisation must be an ODS code or '*'");
  if (application === ANY && organisation === ANY) throw new Error('application and organisation may not both be *');
  return Object.entries(sides).map(([side, given]) => {
    if (!SIDES.includes(side)) throw new Error(`${side} is neither producer nor consumer`);
    return { application, organisation, side: side as Side, ...grantedBy(given) };
  });
}

/** @throws Error that says what is wrong */
export function grantedBy(given: unknown): Pick<Permission, 'types' | 'access_controls'> {
  if (typeof given !== 'object' || given === null) throw new Error('types must be given');
  const record = Array.isArray(given) ? { types: given as unknown[] } : (given as Record<string, unknown>);
  const unknown = Object.keys(record).find((key) => key !== 'types' && key !== 'access_controls');
  if (unknown !== undefined) throw new Error('there is nothing to give but types and access_controls');
  const { types = [], access_controls: controls = [] } = record as { types?: unknown; access_controls?: unknown };
  if (!Array.isArray(types) || !types.every((type) => POINTER_TYPE_TOKENS.has(type as string)))
    throw new Error('types must be a list of known types, as system|code');
  if (!Array.isArray(controls) || !controls.every((control) => ACCESS_CONTROLS.includes(control as AccessControl))) {
    throw new Error(`access_controls must be a list of ${ACCESS_CONTROLS.join(', ')}`);
  }
  return { types: [...new Set(types as string[])], access_controls: [...new Set(controls as AccessControl[])] };
}
