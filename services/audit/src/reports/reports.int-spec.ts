import { Interaction, Outcome } from '@carespine/contracts';
import { anApplication, aUser, contextOf, eventually, startService, type RunningService } from '@carespine/test-kit';
import fc from 'fast-check';
import { addStaff, counted, happened, sql } from '../fixtures/accesses';
import { audit } from '../service';
import type { AccessRow } from './access-row';

const OFFICER = aUser({ activityCodes: ['B0264', 'B0011'], jobRole: 'R0001', userId: '555000000999', name: 'Margaret Holloway' });
const GUARDIAN = aUser({ activityCodes: ['B0264'], jobRole: 'R5105', userId: '555000000888' });
const ADA = '555000000102';
const TODAY = new Date().toISOString().slice(0, 10);

interface Answer {
  status: number;
  body: Record<string, never> & { rows: AccessRow[]; next?: string; total?: number; people?: { userId: string; name: string }[] };
}

describe("the officer's reports", () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService(audit);
    await addStaff(service, { userId: ADA, name: 'Ada Nurse' }, { userId: '555000000103', name: 'Adam Nurse' }, { userId: '555000000104', name: 'Zoë O’Brien' }, { userId: OFFICER.userId ?? '', name: 'Margaret Holloway' });
  });
  afterAll(() => service.stop());

  const ask = async (path: string, who = OFFICER): Promise<Answer> => {
    const answer = await fetch(`${service.url}/audit/v1/${path}`, { headers: await contextOf(who) });
    return { status: answer.status, body: (await answer.json()) as Answer['body'] };
  };

  it('says who saw this patient, with whatever an officer needs to judge it', async () => {
    await happened(service, { nhsNumber: '9000000009', resourceVersion: '3' }, { nhsNumber: '9000000009', outcome: Outcome.MINOR_FAILURE, outcomeDescription: 'HTTP 403' });
    const { status, body } = await ask('reports/patient-access?patient=9000000009&outcome=0&purpose=TREAT');
    expect(status).toBe(200);
    expect(body.rows).toEqual([
      {
        id: expect.any(String),
        leafIndex: expect.any(Number),
        recorded: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
        user: { userId: ADA, name: 'Ada Nurse', jobRoleName: 'Nurse Access Role', roleProfileId: '555000000202' },
        organisation: { odsCode: 'RZZ01', name: 'Example University Hospitals' },
        client: { name: 'Carespine portal', productId: 'P.CARESPINE' },
        nhsNumber: '9000000009',
        interaction: 'read',
        interactionName: 'Retrieve patient',
        service: 'demographics',
        resource: 'Patient',
        version: '3',
        outcome: '0',
        purpose: 'TREAT',
        address: '203.0.113.7',
      },
    ]);
    expect(body.total).toBe(1);
  });

  it('keeps pages as they are while more is recorded', async () => {
    await happened(service, ...Array.from({ length: 25 }, (_, i) => ({ nhsNumber: '9000000017', recorded: new Date(Date.now() - 1000 * i) })));
    const seen: string[] = [];
    for (let next: string | undefined = ''; next !== undefined; ) {
      const { body }: Answer = await ask(`reports/patient-access?patient=9000000017&user=${ADA}&_count=10${next && `&_page=${next}`}`);
      seen.push(...body.rows.map((row) => row.id));
      next = body.next;
      if (next) await happened(service, { nhsNumber: '9000000017' });
    }
    expect(seen).toHaveLength(25);
    expect(new Set(seen).size).toBe(25);
  });

  it('keeps to the own organisation', async () => {
    await happened(service, { nhsNumber: '9000000033', agent: { odsCode: 'RZZ02' } });
    const { body } = await ask('reports/patient-access?patient=9000000033');
    expect(body.rows).toEqual([]);
    expect((await ask(`reports/user-access?user=${ADA}&patient=9000000033`)).body.rows).toEqual([]);
  });

  it('finds a user by name, and offers a choice where it fits several', async () => {
    await happened(service, { nhsNumber: '9000000041', agent: { userId: '555000000104', userName: 'Zoë O’Brien' } });
    expect((await ask('reports/user-access?userName=zo%C3%AB')).body.rows).toHaveLength(1);
    const { body } = await ask('reports/user-access?userName=ada%20nurse');
    expect(body).toEqual({ people: [expect.objectContaining({ userId: ADA, name: 'Ada Nurse' }), expect.objectContaining({ name: 'Adam Nurse' })] });
    expect((await ask('reports/user-access?userName=nobody')).body).toEqual({ rows: [], total: 0 });
    expect((await ask('reports/user-access?userName=zoe')).body.rows).toHaveLength(1);
    expect((await ask('people?name=brien')).body.people).toEqual([{ userId: '555000000104', name: 'Zoë O’Brien', jobRoleName: 'Nurse Access Role' }]);
    expect((await ask('people?name=%25%25aa')).body.people).toEqual([]);
  });

  it('leaves the own activity to the guardian', async () => {
    for (const path of [`reports/user-access?user=${OFFICER.userId}`, 'reports/user-access?userName=holloway', `reports/patient-enquiries?user=${OFFICER.userId}`]) {
      expect([path, (await ask(path)).status]).toEqual([path, 403]);
      expect([path, (await ask(path, GUARDIAN)).status]).toEqual([path, 200]);
    }
  });

  it('counts who traced whom, how often', async () => {
    const act = { nhsNumber: '9000000068', agent: { userId: '555000000103', userName: 'Adam Nurse' } };
    await happened(
      service,
      { ...act, interaction: Interaction.SEARCH_TYPE, recorded: new Date(Date.now() - 60_000) },
      { ...act, interaction: Interaction.SEARCH_TYPE },
      { ...act, interaction: Interaction.READ },
      { ...act, interaction: Interaction.UPDATE },
      { ...act, interaction: Interaction.READ, outcome: Outcome.MINOR_FAILURE },
      { ...act, nhsNumber: '9000000076' },
    );
    await counted(service);
    const { body } = await ask(`reports/patient-enquiries?from=${TODAY}&to=${TODAY}&userName=adam`);
    expect(body.rows).toEqual([
      { user: { userId: '555000000103', name: 'Adam Nurse', jobRoleName: 'Nurse Access Role' }, nhsNumber: '9000000068', traces: 2, views: 1, changes: 1, first: expect.any(String), last: expect.any(String) },
      expect.objectContaining({ nhsNumber: '9000000076', views: 1 }),
    ]);
    expect((await ask('reports/patient-enquiries?patient=9000000076')).body.rows).toHaveLength(1);
    const first = await ask('reports/patient-enquiries?userName=adam&_count=1');
    const second = await ask(`reports/patient-enquiries?userName=adam&_count=1&_page=${first.body.next}`);
    expect([first.body.rows[0]?.nhsNumber, second.body.rows[0]?.nhsNumber, second.body.next]).toEqual(['9000000068', '9000000076', undefined]);
    expect(Buffer.from(first.body.next ?? '', 'base64url').toString()).not.toContain('9000000068');
  });

  it('filters by everybody of a name, and refuses a name of more than a thousand', async () => {
    const crowd = Array.from({ length: 1001 }, (_, i) => ({ userId: `5551${String(i).padStart(8, '0')}`, name: `Crowd Number${i}` }));
    await addStaff(service, ...crowd.slice(0, 1000));
    await happened(service, { nhsNumber: '9000000254', agent: { userId: crowd[999]?.userId, userName: 'Crowd Number999' } });
    expect((await ask('reports/patient-access?patient=9000000254&userName=crowd')).body.rows).toHaveLength(1);
    const choice = (await ask('people?name=crowd')).body;
    expect([choice.people?.length, choice['more']]).toEqual([50, true]);
    await addStaff(service, ...crowd.slice(1000));
    expect((await ask('reports/patient-access?patient=9000000254&userName=crowd')).status).toBe(400);
  });

  it('leaves the officer’s own enquiries to the guardian, also among those of everybody', async () => {
    const agent = { userId: OFFICER.userId, userName: 'Margaret Holloway' };
    await happened(service, { nhsNumber: '9000000262', agent }, { nhsNumber: '9000000262' });
    await counted(service);
    const users = async (who = OFFICER): Promise<unknown[]> => (await ask('reports/patient-enquiries?patient=9000000262', who)).body.rows.map(({ user }) => user?.userId);
    expect([await users(), await users(GUARDIAN)]).toEqual([[ADA], [ADA, OFFICER.userId]]);
  });

  it('shows child protection information to whoever has B0107 alone: to others, who and when', async () => {
    await happened(service, { nhsNumber: '9000000270', service: 'safeguarding', interactionName: 'Read child protection information', resourceType: 'Flag', query: 'category=cp' });
    const cleared = aUser({ activityCodes: ['B0264', 'B0107'], jobRole: 'R0001', userId: '555000000999' });
    for (const path of ['reports/patient-access?patient=9000000270', `reports/user-access?user=${ADA}&patient=9000000270`]) {
      const [row] = (await ask(path)).body.rows;
      expect(row).toMatchObject({ user: { userId: ADA }, interactionName: 'Withheld: needs B0107', service: 'withheld' });
      expect([row?.resource, row?.query]).toEqual([undefined, undefined]);
      expect((await ask(path, cleared)).body.rows[0]).toMatchObject({ interactionName: 'Read child protection information', resource: 'Flag' });
    }
    const search = await fetch(`${service.url}/audit/FHIR/R4/AuditEvent?patient=9000000270&agent=${ADA}`, { headers: await contextOf(OFFICER) });
    expect(await search.text()).not.toMatch(/child|Flag|category/i);
  });

  it('records a report as an access to each patient whom it names', async () => {
    const agent = { userId: '555000000106', userName: 'Two Patients' };
    await happened(service, { nhsNumber: '9000000289', agent }, { nhsNumber: '9000000297', agent }, { nhsNumber: '9000000297', agent });
    await counted(service);
    await ask('reports/user-access?user=555000000106');
    await ask('reports/patient-enquiries?user=555000000106');
    await fetch(`${service.url}/audit/FHIR/R4/AuditEvent?agent=555000000106`, { headers: await contextOf(OFFICER) });
    for (const patient of ['9000000289', '9000000297']) {
      await eventually(async () =>
        expect((await ask(`reports/user-access?user=${OFFICER.userId}&patient=${patient}`, GUARDIAN)).body.rows.map(({ interactionName }) => interactionName).sort()).toEqual([
          'Patient enquiries report',
          'Search access records',
          'User access report',
        ]),
      );
    }
  });

  it('shows what the organisation does, and who does far more than is usual', async () => {
    const busy = aUser({ organisation: { odsCode: 'RZZ07', name: 'Busy' }, activityCodes: ['B0264'], jobRole: 'R0001', userId: '555000000777' });
    const agent = { odsCode: 'RZZ07', userId: '555000000105', userName: 'Sam Clerk', jobRole: 'R8008' };
    const patient = (i: number): string => ['9000000009', '9000000017', '9000000033', '9000000041', '9000000068', '9000000076', '9000000084', '9000000092', '9000000106', '9000000114', '9000000122', '9000000130', '9000000149', '9000000157', '9000000165', '9000000173', '9000000181', '9000000203', '9000000211', '9000000238', '9000000246'][i] ?? '';
    await happened(
      service,
      ...Array.from({ length: 7 }, (_, day) => ({ nhsNumber: patient(0), agent, recorded: new Date(Date.now() - (day + 2) * 86_400_000) })),
      ...Array.from({ length: 21 }, (_, i) => ({ nhsNumber: patient(i), agent, interaction: Interaction.SEARCH_TYPE })),
      ...Array.from({ length: 20 }, (_, i) => ({ nhsNumber: patient(i + 1), agent })),
      { agent, nhsNumber: patient(0), purpose: 'BTG' },
      { agent, outcome: Outcome.MINOR_FAILURE },
    );
    await counted(service);
    const { status, body } = await ask(`reports/activity?from=${TODAY}&to=${TODAY}`, busy);
    expect(status).toBe(200);
    const { interval, series, unusual } = body as unknown as { interval: string; series: Record<string, number>[]; unusual: unknown[] };
    expect(interval).toBe('hour');
    expect(series.length).toBeGreaterThanOrEqual(23);
    expect(['reads', 'searches', 'refusals', 'emergencies'].map((count) => series.reduce((sum, point) => sum + (point[count] ?? 0), 0))).toEqual([21, 21, 1, 1]);
    expect(unusual).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ user: expect.objectContaining({ userId: '555000000105' }), measure: 'patients', value: 21, usual: 1, times: 21 }),
        expect.objectContaining({ measure: 'searches', value: 21, usual: 0, times: 21 }),
      ]),
    );
    const month = (await ask('reports/activity', busy)).body as unknown as { interval: string; series: unknown[] };
    expect(month.interval).toBe('day');
    expect(month.series.length).toBeGreaterThan(28);
  });

  it('counts a search once, however many it finds, and as a trace if it looks for a patient', async () => {
    const agent = { odsCode: 'RZZ08', userId: '555000000109', userName: 'Tess Clerk' };
    const search = { interaction: Interaction.SEARCH_TYPE, agent, requestId: '00000000-0000-4000-8000-00000000000a' };
    await happened(service, ...['9000000009', '9000000017', '9000000033'].map((nhsNumber) => ({ ...search, nhsNumber })));
    await happened(service, { ...search, requestId: '00000000-0000-4000-8000-00000000000b', nhsNumber: '9000000009', resourceType: 'DocumentReference', service: 'record-locator' });
    await counted(service);
    const officer = aUser({ organisation: { odsCode: 'RZZ08', name: 'Other' }, activityCodes: ['B0264'], jobRole: 'R0001', userId: '555000000778' });
    const { rows } = (await ask('reports/patient-enquiries', officer)).body as unknown as { rows: object[] };
    expect(rows).toMatchObject([
      { nhsNumber: '9000000009', traces: 1, views: 1 },
      { nhsNumber: '9000000017', traces: 1, views: 0 },
      { nhsNumber: '9000000033', traces: 1, views: 0 },
    ]);
    const { series } = (await ask(`reports/activity?from=${TODAY}&to=${TODAY}`, officer)).body as unknown as { series: Record<string, number>[] };
    expect(['reads', 'searches'].map((count) => series.reduce((sum, point) => sum + (point[count] ?? 0), 0))).toEqual([1, 1]);
    const [{ patients } = { patients: 0 }] = await sql<{ patients: number }>(service, `SELECT sum(patients)::int AS patients FROM activity_by_hour WHERE ods_code = 'RZZ08'`);
    expect(patients).toBe(1);
  });

  it('counts each access once, though the counter is started anew', async () => {
    await counted(service);
    const [{ acts } = { acts: 0 }] = await sql<{ acts: number }>(service, 'SELECT sum(acts)::int AS acts FROM activity_by_hour');
    const [{ kept } = { kept: 1 }] = await sql<{ kept: number }>(service, `SELECT count(*)::int AS kept FROM access_events WHERE service <> 'audit'`);
    expect(acts).toBe(kept);
  });

  it('records each report, and names the patient whom it is about', async () => {
    await ask('reports/patient-access?patient=9000000106');
    await happened(service, {});
    const rows = (await ask(`reports/user-access?user=${OFFICER.userId}&patient=9000000106`, GUARDIAN)).body.rows;
    expect(rows).toEqual([expect.objectContaining({ interactionName: 'Patient access report', service: 'audit', purpose: 'HOPERAT' })]);
  });

  it.each([
    ['a clinician', aUser(), 403],
    ['an officer at AAL2', aUser({ activityCodes: ['B0264'], jobRole: 'R0001', aal: 2 }), 403],
    ['an officer without the activity', aUser({ activityCodes: ['B0011'], jobRole: 'R0001' }), 403],
    ['an application', anApplication(), 403],
    ['a guardian', GUARDIAN, 200],
  ])('%s', async (_, who, status) => {
    for (const path of ['reports/patient-access?patient=9000000009', 'reports/user-access?user=1', 'reports/patient-enquiries', 'reports/activity', 'people?name=ada']) {
      expect([path, (await ask(path, who)).status]).toEqual([path, status]);
    }
  });

  it.each([
    ['reports/patient-access', 'MISSING_VALUE'],
    ['reports/patient-access?patient=9000000008', 'INVALID_VALUE'],
    ['reports/patient-access?patient=9000000009&patient=9000000009', 'INVALID_VALUE'],
    ['reports/patient-access?patient=9000000009&user=x', 'INVALID_VALUE'],
    ['reports/patient-access?patient=9000000009&outcome=1', 'INVALID_VALUE'],
    ['reports/patient-access?patient=9000000009&purpose=FUN', 'INVALID_VALUE'],
    ['reports/patient-access?patient=9000000009&_count=101', 'INVALID_VALUE'],
    ['reports/patient-access?patient=9000000009&_count=1e1', 'INVALID_VALUE'],
    ['reports/patient-access?patient=9000000009&_page=e30', 'INVALID_VALUE'],
    ['reports/patient-access?patient=9000000009&from=2026-02-30', 'INVALID_VALUE'],
    ['reports/patient-access?patient=9000000009&to=tomorrow', 'INVALID_VALUE'],
    ['reports/patient-access?patient=9000000009&from=2026-01-01&to=2026-03-01', 'INVALID_SEARCH_DATA'],
    ['reports/patient-access?patient=9000000009&from=2026-01-02&to=2026-01-01', 'INVALID_SEARCH_DATA'],
    ['reports/patient-access?patient=9000000009&x=1', 'ADDITIONAL_PROPERTIES'],
    ['reports/user-access', 'MISSING_VALUE'],
    ['reports/user-access?user=1&userName=ada', 'INVALID_VALUE'],
    ['reports/user-access?userName=a', 'INVALID_VALUE'],
    ['reports/patient-enquiries?outcome=0', 'ADDITIONAL_PROPERTIES'],
    ['reports/patient-enquiries?from=2026-01-01T00:00:00Z', 'INVALID_VALUE'],
    ['reports/patient-enquiries?_page=e30', 'INVALID_VALUE'],
    ['reports/activity?_count=1', 'ADDITIONAL_PROPERTIES'],
    ['people', 'MISSING_VALUE'],
    ['people?name=%25a', 'INVALID_VALUE'],
    ['people?name=a%00a', 'INVALID_VALUE'],
  ])('refuses %p with %s', async (path, code) => {
    const { status, body } = await ask(path);
    expect([path, status]).toEqual([path, 400]);
    expect(body).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ details: { coding: [{ code }] } }] });
  });

  it('meets 500 hostile addresses without an error of its own', async () => {
    const name = fc.constantFrom('patient', 'user', 'userName', 'from', 'to', 'outcome', 'purpose', '_count', '_page', 'name', '__proto__', 'constructor', 'x[]');
    const value = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('9000000009', '555000000102', '2026-11-01', '0001-01-01', '9999-12-31', '9999-12-31T23:59:59.999999999Z', '0', '-1', 'NaN', '%', "' OR 1=1 --", '\u0000', 'e30', 'ada'),
    );
    const path = fc.constantFrom('reports/patient-access', 'reports/user-access', 'reports/patient-enquiries', 'reports/activity', 'people');
    await fc.assert(
      fc.asyncProperty(path, fc.array(fc.tuple(name, value), { maxLength: 6 }), async (to, parameters) => {
        const query = new URLSearchParams(parameters.map(([key, text]): [string, string] => [key, text.toWellFormed()]));
        const answer = await service.app.inject({ method: 'GET', url: `/audit/v1/${to}?${query.toString()}`, headers: await contextOf(OFFICER) });
        expect(answer.statusCode).toBeLessThan(500);
      }),
      { numRuns: 500, endOnFailure: true },
    );
  }, 120_000);
});
