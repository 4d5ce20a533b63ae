import rbac from './rbac.json';
import type { AccessMode, ClientAttributes } from './principal';

interface PermissionRule {
  permission: string;
  anyActivity: string[];
  andAnyActivity?: string[];
  /** `cancer-mdt:*`, alternatives joined by ` or `. */
  andWorkgroup?: string;
  requiredJobRoles?: string[];
  minAal: number;
  minIdAssurance: number;
  applicationRestricted: boolean;
}

/** A row of the permission table, e.g. `demographics.read`. A route that names one outside the table does not start. */
export type Permission = string;

/** The permission table of the platform, as data. */
export const PERMISSIONS: readonly PermissionRule[] = rbac.permissions;

/** Limits of sessions and tokens, in seconds. */
export const SESSION_LIMITS = rbac.session;

const INCLUDES: Record<string, string[]> = rbac.includes;

/** What the sign-in proved, and what the selected role carries. */
export interface RoleFacts {
  activityCodes: readonly string[];
  jobRole: string;
  workgroups: readonly string[];
  aal: number;
  idAssurance: number;
}

/**
 * The permissions of a selected role. Other roles of the same person never add up.
 *
 * @returns granted now, and those that the same role would have after signing in at AAL3
 * @see identity and access specification, "Evaluation rules": one of the activities AND the extra group AND the role list AND the workgroup AND AAL AND mode
 */
export function permissionsOfRole(role: RoleFacts): { granted: Set<Permission>; stepUp: Set<Permission> } {
  const activities = expand(role.activityCodes);
  const granted = new Set<Permission>();
  const stepUp = new Set<Permission>();
  for (const rule of PERMISSIONS) {
    const held =
      rule.anyActivity.some((code) => activities.has(code)) &&
      (!rule.andAnyActivity || rule.andAnyActivity.some((code) => activities.has(code))) &&
      (!rule.requiredJobRoles || rule.requiredJobRoles.includes(role.jobRole)) &&
      (!rule.andWorkgroup || rule.andWorkgroup.split(' or ').some((pattern) => inWorkgroup(role.workgroups, pattern))) &&
      role.idAssurance >= rule.minIdAssurance;
    if (held) (role.aal >= rule.minAal ? granted : stepUp).add(rule.permission);
  }
  return { granted, stepUp };
}

/**
 * The permissions of an application without a user.
 *
 * @see demographics specification, "Access modes": no update, unless the application carries an explicit update permission
 */
export function permissionsOfApplication(mode: AccessMode, attributes: ClientAttributes): Set<Permission> {
  const granted = new Set<Permission>(PERMISSIONS.filter((rule) => rule.applicationRestricted).map((rule) => rule.permission));
  if (mode === 'application-restricted' && attributes.update) granted.add('demographics.update');
  if (mode === 'privileged-application-restricted') granted.add('demographics.read-restricted');
  return granted;
}

/** Activities include others: adds what the held ones bring. */
function expand(codes: readonly string[]): Set<string> {
  const all = new Set<string>();
  const add = (code: string): void => {
    if (all.has(code)) return;
    all.add(code);
    INCLUDES[code]?.forEach(add);
  };
  codes.forEach(add);
  return all;
}

function inWorkgroup(workgroups: readonly string[], pattern: string): boolean {
  return pattern.endsWith(':*')
    ? workgroups.some((workgroup) => workgroup.startsWith(pattern.slice(0, -1)))
    : workgroups.includes(pattern);
}
