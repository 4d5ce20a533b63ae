import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { fromBinary, StaffRecordLinkedSchema } from '@carespine/contracts';
import { Database } from '@carespine/service-kit';
import { eventually, startService, type RunningService } from '@carespine/test-kit';
import { record } from '../alerts/fixtures/desk';
import { audit } from '../service';
import { StaffRegister } from './staff-register.service';

const ROLE = { organisation: 'RZZ01', roleCode: 'S8000:G8000:R8001', roleName: '"Clinical":"Clinical Provision":"Nurse Access Role"' };
const aPerson = (last: number, rest: object = {}): object => ({ id: `55500000090${last}`, givenName: 'Ann', familyName: `Example${last}`, roles: [{ ...ROLE, id: `55500000190${last}` }], ...rest });

describe('the staff register', () => {
  const folder = mkdtempSync(join(tmpdir(), 'staff-'));
  const [file, other] = [join(folder, 'one.json'), join(folder, 'other.json')];
  const write = (path: string, ...people: object[]): void => writeFileSync(path, JSON.stringify({ people }));
  let service: RunningService;
  let log: Client;
  beforeAll(async () => {
    write(file, aPerson(1, { nhsNumber: '9000000009' }), aPerson(2));
    write(other, aPerson(3, { nhsNumber: '9000000017' }));
    service = await startService(audit, { STAFF: `${file}, ${other}` });
    log = new Client({ connectionString: service.eventLogUrl });
    await log.connect();
  });
  afterAll(async () => {
    await log.end();
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  /** Every link that was ever told, in order. */
  async function told(): Promise<[string, string][]> {
    const { rows } = await log.query<{ payload: Buffer }>("SELECT payload FROM event_log WHERE topic = 'audit.staff.v1' ORDER BY position");
    return rows.map(({ payload }) => fromBinary(StaffRecordLinkedSchema, payload)).map(({ userId, nhsNumber }) => [userId, nhsNumber]);
  }
  const members = async (): Promise<object[]> => (await service.app.get(Database).query({ text: 'SELECT user_id, ods_code, name, job_role FROM staff_members ORDER BY user_id, ods_code' })).rows;

  it('tells who is a patient, once, then what changes, also what is taken back', async () => {
    const first = [
      ['555000000901', '9000000009'],
      ['555000000903', '9000000017'],
    ];
    await eventually(async () => expect((await told()).sort()).toEqual(first));
    await service.app.get(StaffRegister).onApplicationBootstrap();
    write(file, aPerson(1, { nhsNumber: '9000000025' }), aPerson(2));
    write(other, aPerson(3));
    await service.app.get(StaffRegister).onApplicationBootstrap();
    await eventually(async () =>
      expect((await told()).slice(2).sort()).toEqual([
        ['555000000901', '9000000025'],
        ['555000000903', ''],
      ]),
    );
  });

  it('meets others by what they do, keeps an officer an officer, and forgets no name', async () => {
    const at = (userId: string, jobRole: string, userName: string) => ({ agent: { userId, jobRole, jobRoleName: jobRole, userName, odsCode: 'RZZ09' } });
    await record(service, at('555000000905', 'R0001', 'Officer'), at('555000000906', 'R8001', 'Nurse'));
    await eventually(async () => expect(await members()).toHaveLength(5));
    await record(service, at('555000000905', 'R8000', 'Officer Renamed'), at('555000000906', 'R8000', ''));
    await eventually(async () =>
      expect((await members()).slice(3)).toEqual([
        { user_id: '555000000905', ods_code: 'RZZ09', name: 'Officer Renamed', job_role: 'R0001' },
        { user_id: '555000000906', ods_code: 'RZZ09', name: 'Nurse', job_role: 'R8000' },
      ]),
    );
  });
});
