import type { Permission, Principal } from '@carespine/access-control';

/** Permissions of the desk's parts; one of several is enough. */
export const CAN_SEE_ALERTS: readonly Permission[] = ['audit.reports', 'audit.alerts-override', 'audit.alerts-self-claimed'];
export const CAN_REPORT: readonly Permission[] = ['audit.reports'];
export const CAN_ANSWER: readonly Permission[] = ['audit.sar'];
export const CAN_SET_UP: readonly Permission[] = ['admin.organisation-settings'];
export const CAN_SEE_POINTERS: readonly Permission[] = ['pointers.produce', ...CAN_SET_UP];

interface Item {
  text: string;
  href: string;
  /** In a sentence, on the home page. */
  about: string;
  permission: readonly Permission[];
  /** The addresses that belong to the item. */
  pages: RegExp;
}

const NAVIGATION: Item[] = [
  {
    text: 'Find a patient',
    href: '/find-a-patient',
    about: 'By NHS number, or by name and date of birth',
    permission: ['demographics.trace'],
    pages: /^\/find-a-patient|^\/patients\/[^/]+($|\/edit|\/records)|^\/records\//,
  },
  {
    text: 'Privacy desk',
    href: '/desk',
    about: 'What waits for you: alerts, samples and requests',
    permission: CAN_SEE_ALERTS,
    pages: /^\/desk($|\/(policy|samples))/,
  },
  {
    text: 'Alerts',
    href: '/desk/alerts',
    about: 'Accesses that somebody should look at',
    permission: CAN_SEE_ALERTS,
    pages: /^\/desk\/alerts/,
  },
  {
    text: 'Reports',
    href: '/reports',
    about: 'Who looked at a patient, and what a user did',
    permission: CAN_REPORT,
    pages: /^\/(reports|exports|accesses)/,
  },
  {
    text: 'Subject access',
    href: '/subject-access',
    about: 'Answer a person who asks who looked at their record',
    permission: CAN_ANSWER,
    pages: /^\/subject-access/,
  },
  {
    text: 'Pointers',
    href: '/pointers',
    about: 'Which records of yours others can find, and what could not be opened',
    permission: CAN_SEE_POINTERS,
    pages: /^\/pointers/,
  },
  {
    text: 'Types of record',
    href: '/pointer-permissions',
    about: 'What your organisation’s staff and systems may see elsewhere, and list',
    permission: CAN_SET_UP,
    pages: /^\/pointer-permissions/,
  },
];

/** Now, or after a stronger sign-in. */
export const holds = (who: Principal, permissions: readonly Permission[]): boolean =>
  permissions.some((one) => who.permissions.has(one) || who.stepUp.has(one));

/** The pages that the chosen role opens, also those that a stronger sign-in would. */
export function navigationOf(who: Principal, path: string) {
  return NAVIGATION.filter(({ permission }) => holds(who, permission)).map((item) => ({
    ...item,
    current: path === item.href,
    active: item.pages.test(path),
    needsStepUp: !item.permission.some((one) => who.permissions.has(one)),
  }));
}
