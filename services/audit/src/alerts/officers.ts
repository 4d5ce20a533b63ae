import type { AccessRule, Principal } from '@carespine/access-control';
import type { Interaction } from '@carespine/contracts';
import { RULE_NAMES, RULES, type Rule } from './rules';

/** R0001 privacy officer, R5105 Caldicott Guardian. */
export const PRIVACY_OFFICER = 'R0001';
export const GUARDIAN = 'R5105';

export const isGuardian = (who: Principal): boolean => who.role?.jobRole === GUARDIAN;

/**
 * SQL of the NHS numbers that are a user's own, over any number of merges.
 *
 * @param user SQL of the user id
 */
export const ownNumbersOf = (user: string): string =>
  `ARRAY(SELECT same_person(staff.nhs_number) FROM staff_patients AS staff WHERE staff.user_id = ${user})`;

/** Open to whoever receives alerts of any kind; which of them is decided alert by alert. */
export const officers = (name: string, interaction: Interaction): AccessRule => ({
  permission: ['audit.alerts-self-claimed', 'audit.alerts-override', 'audit.reports'],
  record: { interaction, resource: 'AuditEvent', name },
});

/** The rules whose alerts reach this officer. */
export const rulesOf = (who: Principal): Rule[] => RULE_NAMES.filter((rule) => who.permissions.has(RULES[rule].permission));
