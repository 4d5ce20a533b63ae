import type { PoolClient } from 'pg';
import { DEFAULTS, type KeptPolicy } from '../organisation-policy/organisation-policies.service';
import type { Act } from './act';
import type { Circumstances } from './act-rules';

interface PatientFacts {
  nhs_number: string;
  restricted: boolean;
  deceased: Date | null;
  superseded_by: string | null;
}

interface StaffPatient {
  user_id: string;
  /** The number that stands for her now. */
  nhs_number: string;
  ods_codes: string[];
}

/** Looks up, for a batch at once, what is known of the people in its acts. */
export async function circumstancesOf(acts: readonly Act[], policies: Map<string, KeptPolicy>, tx: PoolClient): Promise<(act: Act) => Circumstances> {
  const distinct = (values: string[]): string[] => [...new Set(values)].filter(Boolean);
  const patients = distinct(acts.map(({ nhsNumber }) => nhsNumber));
  const facts = await tx.query<PatientFacts>({
    name: 'patient-facts',
    text: 'SELECT nhs_number, restricted, deceased, superseded_by FROM patient_facts WHERE nhs_number = ANY($1::text[])',
    values: [patients],
  });
  const factsOf = new Map(facts.rows.map((row) => [row.nhs_number, row]));
  const retained = (nhsNumber: string): string => factsOf.get(nhsNumber)?.superseded_by ?? nhsNumber;

  const staff = await tx.query<StaffPatient>({
    name: 'staff-patients',
    text: `SELECT staff.user_id, coalesce(facts.superseded_by, staff.nhs_number) AS nhs_number,
        ARRAY(SELECT ods_code FROM staff_roles AS role WHERE role.user_id = staff.user_id) AS ods_codes
      FROM staff_patients AS staff LEFT JOIN patient_facts AS facts USING (nhs_number)
      WHERE staff.user_id = ANY($1::text[]) OR staff.nhs_number = ANY($2::text[]) OR facts.superseded_by = ANY($2::text[])`,
    values: [distinct(acts.map(({ userId }) => userId)), [...new Set([...patients, ...patients.map(retained)])]],
  });
  const ownNumberOf = new Map(staff.rows.map((row) => [row.user_id, row.nhs_number]));
  const staffByNumber = new Map(staff.rows.map((row) => [row.nhs_number, row]));

  const roles = await tx.query<{ role_profile_id: string; ended: string }>({
    name: 'ended-roles',
    text: 'SELECT role_profile_id, ended::text FROM ended_roles WHERE role_profile_id = ANY($1::text[])',
    values: [distinct(acts.map(({ roleProfileId }) => roleProfileId))],
  });
  const endOf = new Map(roles.rows.map((row) => [row.role_profile_id, row.ended]));

  return (act) => {
    const patient = retained(act.nhsNumber);
    const known = factsOf.get(act.nhsNumber);
    const isOwnRecord = patient !== '' && ownNumberOf.get(act.userId) === patient;
    const member = isOwnRecord ? undefined : staffByNumber.get(patient);
    return {
      policy: policies.get(act.odsCode) ?? DEFAULTS,
      ...(known && { patient: { restricted: known.restricted, ...(known.deceased && { deceased: known.deceased }) } }),
      isOwnRecord,
      ...(member && { staffMember: member.ods_codes.includes(act.odsCode) ? ('colleague' as const) : ('elsewhere' as const) }),
      roleEnded: endOf.get(act.roleProfileId),
    };
  };
}
