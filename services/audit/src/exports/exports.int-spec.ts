import { unzipSync } from 'fflate';
import { aUser, contextOf, eventually, startService, type RunningService } from '@carespine/test-kit';
import { pageAfter } from '../accesses/access-search';
import { addStaff, counted, happened, sql } from '../fixtures/accesses';
import type { AccessRow } from '../reports/access-row';
import { audit } from '../service';
import type { Export } from './export-register';

const OFFICER = aUser({ activityCodes: ['B0264', 'B0011'], jobRole: 'R0001', userId: '555000000999' });
const COLLEAGUE = aUser({ activityCodes: ['B0264', 'B0011'], jobRole: 'R0001', userId: '555000000998' });
const GUARDIAN = aUser({ activityCodes: ['B0264'], jobRole: 'R5105', userId: '555000000888' });
const PATIENT = '9000000009';
const CROWDED = '9000000017';

describe('exports of reports', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService(audit, { EXPORT_ROW_CAP: '1500' });
    await addStaff(service, { userId: '555000000102', name: 'Ada Nurse' }, { userId: '555000000103', name: 'Adam Nurse' });
    await happened(
      service,
      { nhsNumber: PATIENT, agent: { userName: '=cmd|"/c calc"!A1' }, recorded: new Date(Date.now() - 2000) },
      { nhsNumber: PATIENT, query: 'family=O"Brien, Zoë', recorded: new Date(Date.now() - 1000) },
      ...Array.from({ length: 1600 }, () => ({ nhsNumber: CROWDED })),
    );
    await counted(service);
  });
  afterAll(() => service.stop());

  const call = async (path: string, who = OFFICER, body?: unknown): Promise<Response> =>
    fetch(`${service.url}/audit/v1/exports${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...(await contextOf(who)), ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const finished = (id: string): Promise<Export> =>
    eventually(async () => {
      const one = (await (await call(`/${id}`)).json()) as Export;
      expect(one.status).not.toBe('running');
      return one;
    });
  const begin = async (body: object): Promise<Export> => (await (await call('', OFFICER, body)).json()) as Export;

  it('makes a CSV file in the background: UTF-8 with a mark, CRLF, and nothing that a spreadsheet would run', async () => {
    const answer = await call('', OFFICER, { report: 'patient-access', format: 'csv', parameters: { patient: PATIENT, user: '555000000102' } });
    expect(answer.status).toBe(202);
    const begun = (await answer.json()) as Export;
    expect(answer.headers.get('location')).toBe(`/audit/v1/exports/${begun.id}`);
    expect(begun).toEqual({ id: begun.id, report: 'patient-access', format: 'csv', status: 'running', done: 0, of: 2 });
    expect(await finished(begun.id)).toEqual({ ...begun, status: 'ready', done: 2, fileName: expect.stringMatching(/^patient-access-\d{4}-\d\d-\d\d\.csv$/) });
    const file = await call(`/${begun.id}/file`);
    expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(file.headers.get('content-disposition')).toMatch(/^attachment; filename="patient-access-.*\.csv"$/);
    const bytes = Buffer.from(await file.arrayBuffer());
    expect(bytes.subarray(0, 3)).toEqual(Buffer.of(0xef, 0xbb, 0xbf));
    const lines = bytes.subarray(3).toString().split('\r\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^"Recorded","User ID","User name",/);
    expect(lines[1]).toContain('"family=O""Brien, Zoë"');
    expect(lines[2]).toContain(`"'=cmd|""/c calc""!A1"`);
  });

  it.each([
    ['patient-access', { patient: PATIENT }, 'Ada Nurse'],
    ['user-access', { user: '555000000102', patient: PATIENT }, '=cmd|&quot;/c calc&quot;!A1'],
    ['patient-enquiries', { user: '555000000102' }, PATIENT],
    ['activity', {}, 'Emergencies'],
  ])('makes a workbook of %s', async (report, parameters, text) => {
    const { id } = await begin({ report, format: 'xlsx', parameters });
    expect((await finished(id)).status).toBe('ready');
    const files = unzipSync(new Uint8Array(await (await call(`/${id}/file`)).arrayBuffer()));
    const sheet = Buffer.from(files['xl/worksheets/sheet1.xml'] ?? []).toString();
    expect(sheet).toContain(text);
    expect(sheet).not.toContain('<f>');
  });

  it('ends at the row cap, and says so', async () => {
    const { id } = await begin({ report: 'patient-access', format: 'csv', parameters: { patient: CROWDED } });
    expect(await finished(id)).toMatchObject({ status: 'ready', done: 1500, of: 1500, capped: 1500 });
    const lines = (await (await call(`/${id}/file`)).text()).trimEnd().split('\r\n');
    expect(lines).toHaveLength(1501);
    expect(new Set(lines).size).toBe(1501);
  });

  it('is gone on with by another replica where one ended, without a row twice', async () => {
    const { id } = await begin({ report: 'patient-access', format: 'csv', parameters: { patient: CROWDED, user: '555000000102' } });
    await finished(id);
    const whole = await (await call(`/${id}/file`)).text();
    const cells = whole.split('\r\n')[1000]?.slice(1, -1).split('","') ?? [];
    const next = pageAfter({ id: cells.at(-2) ?? '', recordedMs: Date.parse(cells[0]?.replace('\ufeff', '') ?? '') });
    // as if a replica had ended after the first part
    await sql(service, 'DELETE FROM export_parts WHERE export_id = $1 AND part > 0', [id]);
    await sql(service, `UPDATE exports SET status = 'running', done = 1000, parts = 1, next_page = $2, capped = NULL, worked_at = now() - interval '1 minute' WHERE id = $1`, [id, next]);
    await begin({ report: 'activity', format: 'csv' });
    await eventually(async () => expect((await finished(id)).done).toBe(1500), 10_000);
    expect(await (await call(`/${id}/file`)).text()).toBe(whole);
  });

  it('is seen by nobody but her who asked, and by nobody after a day', async () => {
    const { id } = await begin({ report: 'activity', format: 'csv', parameters: {} });
    await finished(id);
    for (const path of [`/${id}`, `/${id}/file`]) {
      expect((await call(path, COLLEAGUE)).status).toBe(404);
      expect((await call(path, GUARDIAN)).status).toBe(404);
      expect((await call(path, aUser({ activityCodes: ['B0264'], jobRole: 'R0001', userId: '555000000999', organisation: { odsCode: 'RZZ02', name: 'Another' } }))).status).toBe(404);
      expect((await call(path)).status).toBe(200);
    }
    await sql(service, `UPDATE exports SET expires_at = now() - interval '1 second' WHERE id = $1`, [id]);
    expect((await call(`/${id}/file`)).status).toBe(404);
  });

  it('is an access record of the report’s patient, both when asked for and when fetched', async () => {
    const { id } = await begin({ report: 'patient-access', format: 'csv', parameters: { patient: '9000000033' } });
    await finished(id);
    await (await call(`/${id}/file`)).arrayBuffer();
    await eventually(async () => {
      const answer = await fetch(`${service.url}/audit/v1/reports/user-access?user=555000000999&patient=9000000033`, { headers: await contextOf(GUARDIAN) });
      const { rows } = (await answer.json()) as { rows: AccessRow[] };
      expect(rows.map((row) => [row.interaction, row.interactionName])).toEqual([
        ['export', 'Download of an exported report'],
        ['export', 'Export of a report'],
      ]);
      expect(rows[1]?.query).toBe('report=patient-access&patient=9000000033');
    });
  });

  it('is an access to each patient in the file when it is fetched, and one alert about the officer', async () => {
    await happened(service, { nhsNumber: '9000000041', agent: { userId: '555000000104' } }, { nhsNumber: '9000000068', agent: { userId: '555000000104' } });
    const { id } = await begin({ report: 'user-access', format: 'csv', parameters: { user: '555000000104' } });
    await finished(id);
    await (await call(`/${id}/file`)).arrayBuffer();
    const downloads = `SELECT nhs_number FROM access_events WHERE service = 'audit' AND interaction = 30 AND nhs_number IN ('9000000041', '9000000068')`;
    await eventually(async () => expect((await sql<{ nhs_number: string }>(service, downloads)).map((row) => row.nhs_number).sort()).toEqual(['9000000041', '9000000068']));
    await eventually(async () => expect(await sql(service, `SELECT nhs_number FROM alerts WHERE rule = 'export-or-print'`)).toEqual([{ nhs_number: '' }]));
  });

  it('stands for the people who bore the name when it was asked for', async () => {
    await addStaff(service, { userId: '555000000107', name: 'Eve Adamson' });
    await happened(service, { nhsNumber: PATIENT, agent: { userId: '555000000107' } }, { nhsNumber: PATIENT, agent: { userId: '555000000108' } });
    const { id } = await begin({ report: 'patient-access', format: 'csv', parameters: { patient: PATIENT, userName: 'adamson' } });
    await addStaff(service, { userId: '555000000108', name: 'Joe Adamson' });
    expect((await finished(id)).done).toBe(1);
    await sql(service, `UPDATE exports SET status = 'running', done = 0, parts = 0, next_page = NULL, worked_at = now() - interval '1 minute' WHERE id = $1`, [id]);
    await sql(service, 'DELETE FROM export_parts WHERE export_id = $1', [id]);
    await begin({ report: 'activity', format: 'csv' });
    await eventually(async () => expect((await finished(id)).done).toBe(1), 10_000);
  });

  it('leaves the own activity to the guardian', async () => {
    const own = { report: 'user-access', format: 'csv', parameters: { user: OFFICER.userId } };
    expect((await call('', OFFICER, own)).status).toBe(403);
    expect((await call('', GUARDIAN, { ...own, parameters: { user: GUARDIAN.userId } })).status).toBe(202);
  });

  it.each([
    ['no body', undefined, 'VALIDATION_ERROR'],
    ['a list', [], 'VALIDATION_ERROR'],
    ['no report', { format: 'csv' }, 'MISSING_VALUE'],
    ['an unknown report', { report: 'all', format: 'csv' }, 'INVALID_VALUE'],
    ['no format', { report: 'activity' }, 'MISSING_VALUE'],
    ['an unknown format', { report: 'activity', format: 'pdf' }, 'INVALID_VALUE'],
    ['an unknown member', { report: 'activity', format: 'csv', rows: 1 }, 'ADDITIONAL_PROPERTIES'],
    ['an unknown parameter', { report: 'activity', format: 'csv', parameters: { patient: PATIENT } }, 'ADDITIONAL_PROPERTIES'],
    ['a parameter of another kind', { report: 'patient-access', format: 'csv', parameters: { patient: { $ne: '' } } }, 'INVALID_VALUE'],
    ['parameters that are none', { report: 'activity', format: 'csv', parameters: 'from' }, 'INVALID_VALUE'],
    ['no patient', { report: 'patient-access', format: 'csv', parameters: {} }, 'MISSING_VALUE'],
    ['a wrong NHS number', { report: 'patient-access', format: 'csv', parameters: { patient: '9000000008' } }, 'INVALID_VALUE'],
  ])('refuses %s', async (_, body, code) => {
    const answer = await service.app.inject({
      method: 'POST',
      url: '/audit/v1/exports',
      headers: { ...(await contextOf(OFFICER)), 'content-type': 'application/json' },
      payload: body === undefined ? '{' : JSON.stringify(body),
    });
    expect([answer.statusCode, answer.json<{ issue: { details: { coding: { code: string }[] } }[] }>().issue[0]?.details.coding[0]?.code]).toEqual([400, code]);
  });

  it('refuses a name that fits several people', async () => {
    expect((await call('', OFFICER, { report: 'user-access', format: 'csv', parameters: { userName: 'nurse' } })).status).toBe(422);
  });

  it.each(['/x', '/00000000-0000-0000-0000-000000000000', '/%00', '/../exports', '/00000000-0000-0000-0000-000000000000/file'])('knows nothing of %s', async (path) => {
    expect((await service.app.inject({ url: `/audit/v1/exports${path}`, headers: await contextOf(OFFICER) })).statusCode).toBe(404);
  });
});
