import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nhsNumberFrom, type NhsNumber, type Patient } from '@carespine/fhir';
import { databaseUrl, ROOT, secretsOf, type Platform } from './platform';

export interface TestPatient extends Patient {
  id: NhsNumber;
}

/** Of the test range, and most likely nobody's yet. */
export function aNhsNumber(): NhsNumber {
  for (;;) {
    const number = nhsNumberFrom(`999${String(randomInt(1_000_000)).padStart(6, '0')}`);
    if (number) return number;
  }
}

/** A last name that nobody else has, e.g. `Teskivora`. */
export const aFamilyName = (): string => `Tes${Array.from({ length: 3 }, () => `${oneOf('bdfklmnprstv')}${oneOf('aeiou')}`).join('')}`;

const oneOf = (letters: string): string => letters.charAt(randomInt(letters.length));

/** State only what matters. */
export function aPatient({ family = aFamilyName(), given = ['Imogen'], label = 'U', ...rest }: { family?: string; given?: string[]; label?: 'U' | 'R' } & Partial<Patient> = {}): TestPatient {
  const id = aNhsNumber();
  return {
    resourceType: 'Patient',
    meta: { versionId: '1', security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: label }] },
    name: [{ id: 'N1', use: 'usual', family, given, prefix: ['Mrs'], period: { start: '2001-02-03' } }],
    gender: 'female',
    birthDate: '1985-03-04',
    address: [
      { id: 'A1', use: 'home', line: ['7 Test Lane', '', '', 'Leeds'], postalCode: 'LS1 6AE', period: { start: '2015-06-01' } },
      { id: 'A0', use: 'home', line: ['3 Former Street', '', '', 'York'], postalCode: 'YO1 7HH', period: { start: '2001-01-01', end: '2015-05-31' } },
    ],
    telecom: [{ id: 'T1', system: 'phone', use: 'mobile', value: '07700900982', period: { start: '2015-06-01' } }],
    generalPractitioner: [
      { id: 'G1', type: 'Organization', identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'Y12345', period: { start: '2015-06-01' } } },
    ],
    ...rest,
    id,
  };
}

/** Numbers and last names that must not stand in any address: of every patient that this test file added. */
export const confidential = new Set<string>();

/** Adds patients to a platform's register, as `npm run population -- --import` does. */
export async function addPatients(platform: Platform, ...patients: TestPatient[]): Promise<void> {
  for (const { id, name } of patients) for (const secret of [id, name?.[0]?.family ?? '']) if (secret) confidential.add(secret.toLowerCase());
  const folder = mkdtempSync(join(tmpdir(), 'carespine-e2e-patients-'));
  const file = join(folder, 'patients.ndjson');
  writeFileSync(file, patients.map((patient) => `${JSON.stringify(patient)}\n`).join(''));
  const child = spawn(process.execPath, [join(ROOT, 'services/demographics/dist/src/population/main.js'), '--import', file], {
    env: { ...process.env, DATABASE_URL: databaseUrl(platform, 'demographics'), PATIENT_KEY_SECRET: secretsOf(platform).patientKeySecret },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise((ended) => child.once('exit', ended));
  rmSync(folder, { recursive: true });
  if (code !== 0) throw new Error(`The patients could not be added: ${said}`);
}
