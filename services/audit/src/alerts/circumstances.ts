import type { PoolClient } from 'pg';
import { numbersOf } from '../merged-numbers';
import { DEFAULTS, type KeptPolicy } from '../organisation-policy/organisation-policies.service';
import type { Act } from './act';
import type { Circumstances } from './act-rules';

interface PatientFacts {
  nhs_number: string;
  restricted: boolean;
  deceased: Date | null;
}

interface StaffPatient {
  user_id: string;
  nhs_number: string;
  ods_codes: string[];
}

/** Looks up, for a batch at once, what is known of the people in its acts. */
export async function circumstancesOf(acts: readonly Act[], policies: Map<string, KeptPolicy>, tx: PoolClient): Promise<(act: Act) => Circumstances> {
  const distinct = (values: string[]): string[] => [...new Set(values)].filter(Boolean);
  const numbers = await numbersOf(distinct(acts.map(({ nhsNumber }) => nhsNumber)), tx);
  const patients = distinct([...numbers.values()].flat());
  const facts = await tx.query<PatientFacts>({
    name: 'patient-facts',
    text: 'SELECT nhs_number, restricted, deceased FROM patient_facts WHERE nhs_number = ANY($1::text[])',
    values: [patients],
  });
  const factsOf = new Map(facts.rows.map((row) => [row.nhs_number, row]));

  const staff = await tx.query<StaffPatient>({
    name: 'staff-patients',
    text: `SELECT user_id, nhs_number, ARRAY(SELECT ods_code FROM staff_roles AS role WHERE role.user_id = staff.user_id) AS ods_codes
      FROM staff_patients AS staff WHERE nhs_number = ANY($1::text[])`,
    values: [patients],
  });
  const staffOf = new Map<string, StaffPatient[]>();
  for (const row of staff.rows) staffOf.set(row.nhs_number, [...(staffOf.get(row.nhs_number) ?? []), row]);

  const roles = await tx.query<{ role_profile_id: string; ended: string }>({
    name: 'ended-roles',
    text: 'SELECT role_profile_id, ended::text FROM ended_roles WHERE role_profile_id = ANY($1::text[])',
    values: [distinct(acts.map(({ roleProfileId }) => roleProfileId))],
  });
  const endOf = new Map(roles.rows.map((row) => [row.role_profile_id, row.ended]));

  return (act) => {
    const own = numbers.get(act.nhsNumber) ?? [];
    const known = own.flatMap((number) => factsOf.get(number) ?? []);
    const deceased = known.find((one) => one.deceased)?.deceased;
    const members = own.flatMap((number) => staffOf.get(number) ?? []);
    const isOwnRecord = members.some(({ user_id }) => user_id === act.userId);
    const [member] = isOwnRecord ? [] : members;
    return {
      policy: policies.get(act.odsCode) ?? DEFAULTS,
      ...(known.length > 0 && { patient: { restricted: known.some(({ restricted }) => restricted), ...(deceased && { deceased }) } }),
      isOwnRecord,
      ...(member && { staffMember: member.ods_codes.includes(act.odsCode) ? ('colleague' as const) : ('elsewhere' as const) }),
      roleEnded: endOf.get(act.roleProfileId),
    };
  };
}
