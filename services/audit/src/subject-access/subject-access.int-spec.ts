import { Interaction } from '@carespine/contracts';
import { anApplication, aUser, contextOf, eventually, startService, type RunningService } from '@carespine/test-kit';
import { completenessFault, isUnbroken, NoteVerifier, openCheckpoint, verifyInclusion } from '@carespine/transparency-log';
import fc from 'fast-check';
import { happened, sql } from '../fixtures/accesses';
import type { AccessRow } from '../reports/access-row';
import { DEFAULT_POLICY } from '../organisation-policy/policy';
import { audit } from '../service';
import type { AccountAccess, AccountAlert, AccountTail } from './account';
import { monthsAfter } from '../calendar';
import type { SubjectAccessRequest } from './request';

const OFFICER = aUser({ activityCodes: ['B0264', 'B0011'], jobRole: 'R0001', userId: '555000000999', name: 'Margaret Holloway' });
const GUARDIAN = aUser({ activityCodes: ['B0264', 'B0011'], jobRole: 'R5105', userId: '555000000888', name: 'Dr Guardian' });
const ELSEWHERE = aUser({ activityCodes: ['B0011'], jobRole: 'R0001', userId: '555000000777', organisation: { odsCode: 'RZZ02', name: 'Another' } });
const PATIENT = '9000000009';
const TODAY = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' }).format(new Date());
const REQUEST = { nhsNumber: PATIENT, from: monthsAfter(TODAY, -24), to: TODAY, receivedOn: TODAY, identityChecks: ['passport', 'council-tax-bill'], withholdNames: false };

interface AnswerForMachines {
  mergedNumbers: string[];
  accesses: AccountAccess[];
  numberOfAccesses: number;
  alerts: AccountAlert[];
  namesWithheldBy: { odsCode: string; name: string; reason: string }[];
  isPartial: boolean;
  leftOut: string;
  proof: Pick<AccountTail, 'checkpoints' | 'chains'>;
}

describe('subject access requests', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService(audit, { LOG_INTERVAL_MS: '50' });
    await happened(
      service,
      { nhsNumber: PATIENT, recorded: new Date(Date.now() - 400 * 86_400_000) },
      { nhsNumber: PATIENT, agent: { odsCode: 'RZZ02', organisationName: 'Another & Sons', userName: '<b>Łucja</b> Żak' }, purpose: 'BTG', note: 'Collapsed with her neighbour Jo' },
      { nhsNumber: PATIENT, interaction: Interaction.SEARCH_TYPE, query: 'family=Smith', agent: { userId: '', userName: '', clientName: 'Tracing application' } },
      { nhsNumber: PATIENT, resourceType: 'Flag', interactionName: 'View CP-IS flag' },
      { nhsNumber: PATIENT, recorded: new Date(Date.now() - 900 * 86_400_000), interactionName: 'Long ago' },
      { nhsNumber: '9000000017' },
    );
    await eventually(async () => expect(await sql(service, 'SELECT FROM alerts WHERE nhs_number = $1', [PATIENT])).not.toHaveLength(0));
  });
  afterAll(() => service.stop());

  const call = async (path: string, who = OFFICER, body?: unknown): Promise<Response> =>
    fetch(`${service.url}/audit/v1/subject-access-requests${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...(await contextOf(who)), ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const read = async (reference: string): Promise<SubjectAccessRequest> => (await (await call(`/${reference}`)).json()) as SubjectAccessRequest;
  const open = async (request: object = REQUEST): Promise<SubjectAccessRequest> => {
    const answer = await call('', OFFICER, request);
    expect(answer.status).toBe(201);
    return (await answer.json()) as SubjectAccessRequest;
  };
  /** Asks the database: each read by the API is an access to the patient. */
  const becomes = async (reference: string, ...statuses: SubjectAccessRequest['status'][]): Promise<SubjectAccessRequest> => {
    await eventually(async () => {
      const [row] = await sql<{ status: SubjectAccessRequest['status'] }>(service, 'SELECT status FROM subject_access_requests WHERE reference = $1', [reference]);
      expect(statuses).toContain(row?.status);
    }, 20_000);
    return read(reference);
  };
  /** Prepared, with the guardian's consent to whatever waits for it. */
  const ready = async (reference: string): Promise<SubjectAccessRequest> => {
    for (;;) {
      const request = await becomes(reference, 'ready', 'awaiting-decision');
      const [undecided] = request.toDecide;
      if (!undecided) return request;
      expect((await step(request, { step: 'include', what: undecided.what, note: 'May be told' }, GUARDIAN)).status).toBe(200);
    }
  };
  const step = async (request: { reference: string; version: number }, taken: object, who = OFFICER): Promise<{ status: number; body: SubjectAccessRequest }> => {
    const answer = await call(`/${request.reference}/steps`, who, { version: request.version, ...taken });
    return { status: answer.status, body: (await answer.json()) as SubjectAccessRequest };
  };
  const forMachines = async (reference: string): Promise<AnswerForMachines> => (await (await call(`/${reference}/document?format=json`)).json()) as AnswerForMachines;

  it('is opened with its period, two proofs of identity and a due date one calendar month after receipt', async () => {
    const request = await open();
    expect(request).toMatchObject({ ...REQUEST, dueOn: monthsAfter(TODAY, 1), extended: false, decisions: [], version: 1, steps: expect.arrayContaining(['extend']) as string[] });
    expect(request.reference).toMatch(/^SAR-[2-9A-Z]{4}-[2-9A-Z]{4}$/);
    expect(request.history).toEqual([{ at: expect.any(String) as string, by: { userId: OFFICER.userId, name: OFFICER.name }, step: 'open' }]);
    const { history, progress, accesses } = await ready(request.reference);
    expect(history.at(-1)).toMatchObject({ by: 'platform', step: 'prepared' });
    expect(progress).toEqual({ done: progress.of, of: progress.of });
    expect(accesses).toBeGreaterThanOrEqual(4);
  });

  it('tells in plain words of every access in the period, in all organisations', async () => {
    const { reference } = await ready((await open()).reference);
    const { accesses, alerts } = await forMachines(reference);
    expect(accesses[0]).toMatchObject({ number: 1, organisation: { odsCode: 'RZZ01' }, role: 'Nurse Access Role', name: 'Ada Nurse', outcome: 'Done', why: 'To give you care.', system: 'Carespine portal' });
    expect(accesses[0]?.what).toBe('Opened your personal details (name, address, date of birth, contact details) (Retrieve patient)');
    expect(accesses.find(({ organisation }) => organisation.odsCode === 'RZZ02')).toMatchObject({
      why: 'In an emergency, without the permission that is usually needed. They wrote: “Collapsed with her neighbour Jo”',
    });
    expect(accesses.find(({ role }) => role === 'A computer system, without a person')).toMatchObject({ what: 'Searched for a patient, and found you (Retrieve patient)', system: 'Tracing application' });
    expect(JSON.stringify(accesses)).not.toMatch(/family=Smith|203\.0\.113\.7|Long ago/);
    expect(alerts).toContainEqual(expect.objectContaining({ about: 'Your record was opened without your permission, for an emergency or a legal reason.', outcome: 'It is still being looked into.' }));
  });

  it('proves that the log holds each access, and that it holds no others', async () => {
    const { reference } = await ready((await open()).reference);
    const { accesses, numberOfAccesses, proof } = await forMachines(reference);
    const { keys } = (await (await fetch(`${service.url}/audit/log/keys`)).json()) as { keys: string[] };
    const verifiers = keys.map((key) => NoteVerifier.parse(key));
    expect(verifiers).not.toHaveLength(0);
    expect(accesses).toHaveLength(numberOfAccesses);
    for (const access of accesses) {
      const { size, root } = openCheckpoint(proof.checkpoints[access.proof.checkpoint] ?? '', verifiers);
      const hash = (text: string): Buffer => Buffer.from(text, 'base64');
      expect(verifyInclusion({ index: access.proof.leafIndex, size, root, leafHash: hash(access.proof.leafHash), proof: access.proof.inclusion.map(hash) })).toBe(true);
    }
    const [chain] = proof.chains;
    if (!chain) throw new Error('no chain');
    expect(completenessFault(chain.completeness, verifiers)).toBeUndefined();
    expect(isUnbroken(chain.leaves, chain.completeness)).toBe(true);
    const inChain = new Set(chain.leaves.map(({ leafHash }) => leafHash));
    expect(accesses.every((access) => inChain.has(access.proof.leafHash))).toBe(true);
    // the five that happened, one of them before the period
    expect(chain.leaves.length).toBeGreaterThanOrEqual(accesses.length + 1);
    expect(isUnbroken(chain.leaves.filter((_, i) => i !== 2), chain.completeness)).toBe(false);
  });

  it('is answered as an accessible page that needs nothing else, and hides nothing in markup', async () => {
    const { reference } = await ready((await open()).reference);
    const answer = await call(`/${reference}/document?format=html`);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${reference}.html"`);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await answer.text();
    for (const part of ['<html lang="en-GB">', '<main id="main"', '<caption>', 'scope="col"', '900 000 0009', 'What the words mean', 'How to complain', 'Information Commissioner’s Office']) expect(html).toContain(part);
    expect(html).toContain('&lt;b&gt;Łucja&lt;/b&gt; Żak');
    expect(html).toContain('Another &amp; Sons (RZZ02)');
    expect(html).not.toMatch(/<script|<link|<img|https?:\/\//i);
  });

  it('is answered as a tagged PDF with title and language', async () => {
    const { reference } = await ready((await open()).reference);
    const answer = await call(`/${reference}/document?format=pdf`);
    expect(answer.headers.get('content-type')).toBe('application/pdf');
    const pdf = Buffer.from(await answer.arrayBuffer()).toString('latin1');
    expect(pdf).toMatch(/^%PDF-1\.7/);
    expect(pdf.trimEnd().endsWith('%%EOF')).toBe(true);
    for (const part of ['/MarkInfo', '/Marked true', '/StructTreeRoot', '/S /H1', '/S /H2', '/S /P', '/Lang (en-GB)', '/DisplayDocTitle true']) expect(pdf).toContain(part);
  });

  it('withholds names where it is set, and says why', async () => {
    expect((await call('', OFFICER, { ...REQUEST, withholdNames: true })).status).toBe(400);
    const { reference } = await ready((await open({ ...REQUEST, withholdNames: true, withholdReason: 'Threats against staff' })).reference);
    const text = JSON.stringify(await forMachines(reference));
    expect(text).not.toMatch(/Ada Nurse|Żak|Holloway/);
    expect(text).toContain('Threats against staff');
    expect(await (await call(`/${reference}/document?format=html`)).text()).toContain('Name not shown');
  });

  it('withholds names of another organisation’s staff by its policy, and says whose reason it is', async () => {
    const patient = '9000000165';
    await happened(service, { nhsNumber: patient }, { nhsNumber: patient, agent: { odsCode: 'RZZ03', organisationName: 'A Refuge', userName: 'Rita Refuge' } });
    const policy = { ...DEFAULT_POLICY, namesWithheldInSubjectAccess: true, namesWithheldReason: 'Staff were followed home' };
    await sql(service, `INSERT INTO organisation_policies (ods_code, version, policy, changed_by, changed_by_name) VALUES ('RZZ03', 1, $1, '1', 'x')`, [policy]);
    const { reference } = await ready((await open({ ...REQUEST, nhsNumber: patient })).reference);
    const answer = await forMachines(reference);
    expect(answer.accesses.slice(0, 2).map(({ name }) => name)).toEqual(['Ada Nurse', undefined]);
    expect(answer.namesWithheldBy).toEqual([{ odsCode: 'RZZ03', name: 'A Refuge', reason: 'Staff were followed home' }]);
    expect(await (await call(`/${reference}/document?format=html`)).text()).toContain('A Refuge (RZZ03). The reason: Staff were followed home');
  });

  it('holds CP-IS and third-party content and open investigations until the guardian has decided on each, and records it', async () => {
    const { reference } = await open();
    const held = await becomes(reference, 'awaiting-decision');
    expect(held.toDecide).toEqual(expect.arrayContaining([{ what: 'safeguarding', found: 1 }, { what: 'third-parties', found: 1 }]));
    expect(held.toDecide.map(({ what }) => what)).toContain('open-investigations');
    expect(held.steps).toEqual(['extend']);
    for (const taken of [{ step: 'sent' }, { step: 'close' }]) expect((await step(held, taken)).status).toBe(422);
    expect((await step(held, { step: 'include', what: 'safeguarding', note: 'No harm' })).status).toBe(403);
    expect((await call(`/${reference}/document?format=json`)).status).toBe(422);
    // she decides on what she reads
    expect(await (await call(`/${reference}/document?format=html`, GUARDIAN)).text()).toContain('CP-IS');
    for (const [what, decision] of [['safeguarding', 'exclude'], ['third-parties', 'exclude'], ['open-investigations', 'include']] as const) {
      const { version } = await becomes(reference, 'awaiting-decision');
      expect((await step({ reference, version }, { step: decision, what, note: `Because of ${what}` }, GUARDIAN)).status).toBe(200);
    }
    const decided = await becomes(reference, 'ready');
    expect(decided.toDecide).toEqual([]);
    expect(decided.decisions.map(({ what, decision, reason, decidedBy }) => [what, decision, reason, decidedBy.userId])).toEqual([
      ['safeguarding', 'exclude', 'Because of safeguarding', GUARDIAN.userId],
      ['third-parties', 'exclude', 'Because of third-parties', GUARDIAN.userId],
      ['open-investigations', 'include', 'Because of open-investigations', GUARDIAN.userId],
    ]);
    expect(decided.history.map((entry) => entry.step).filter((one) => one !== 'document')).toEqual(['open', 'held', 'exclude', 'held', 'exclude', 'held', 'include', 'prepared']);
    const answer = JSON.stringify((await forMachines(reference)).accesses);
    expect(answer).not.toMatch(/CP-IS|neighbour/);
    // another decision replaces the first
    expect((await step(decided, { step: 'include', what: 'third-parties', note: 'The neighbour agrees' }, GUARDIAN)).status).toBe(200);
    await becomes(reference, 'ready');
    expect(JSON.stringify((await forMachines(reference)).accesses)).toContain('neighbour');
  });

  it('says that something is left out, not what nor how much', async () => {
    const patient = '9000000106';
    await happened(
      service,
      { nhsNumber: patient, resourceType: 'Flag', interactionName: 'View CP-IS flag', purpose: 'BTG' },
      { nhsNumber: patient, purpose: 'BTG', agent: { userId: '555000000103' } },
    );
    await eventually(async () => expect(await sql(service, 'SELECT FROM alerts WHERE nhs_number = $1', [patient])).toHaveLength(2));
    const { reference, version } = await becomes((await open({ ...REQUEST, nhsNumber: patient })).reference, 'awaiting-decision');
    await step({ reference, version }, { step: 'exclude', what: 'safeguarding', note: 'Serious harm' }, GUARDIAN);
    await ready(reference);
    const answer = await forMachines(reference);
    // the alert about the access that is left out would tell of it
    expect([answer.accesses.filter(({ what }) => what.includes('Flag') || what.includes('CP-IS')).length, answer.alerts.length]).toEqual([0, 1]);
    expect([answer.isPartial, answer.leftOut]).toEqual([true, 'Some information is left out, as the law allows (Data Protection Act 2018, Schedules 2 and 3).']);
    const page = await (await call(`/${reference}/document?format=html`)).text();
    expect(page).toContain(answer.leftOut);
    expect(page).not.toMatch(/serious harm|child|safeguarding|FGM|CP-IS|1 access\)/i);
    // what is left out is in the chain all the same: its hash tells nothing of it
    expect(answer.proof.chains[0]?.leaves.length).toBeGreaterThan(answer.accesses.length);
  });

  it('leaves out an open investigation, its accesses, its alert and the officer’s work on it', async () => {
    await happened(service, { nhsNumber: PATIENT, service: 'audit', interactionName: 'Read alert', purpose: 'HOPERAT' });
    const { reference } = await ready((await open()).reference);
    const { version } = await read(reference);
    await step({ reference, version }, { step: 'exclude', what: 'open-investigations', note: 'Would be prejudiced' }, GUARDIAN);
    await ready(reference);
    const answer = await forMachines(reference);
    expect([answer.alerts, answer.isPartial]).toEqual([[], true]);
    expect(answer.accesses.some(({ organisation }) => organisation.odsCode === 'RZZ02')).toBe(false);
    expect(JSON.stringify(answer.accesses)).not.toContain('Read alert');
  });

  it('leaves out single accesses, which the guardian names by the number that the answer prints', async () => {
    const request = await ready((await open()).reference);
    const { accesses } = await forMachines(request.reference);
    const other = accesses.find(({ organisation }) => organisation.odsCode === 'RZZ02');
    expect(await (await call(`/${request.reference}/document?format=html`)).text()).toContain(`<td>${other?.number}</td>`);
    const wrong = await step(request, { step: 'exclude', what: 'other', note: 'Court order', accesses: [accesses.length + 1] }, GUARDIAN);
    expect([wrong.status, (wrong.body as unknown as { issue: { expression: string[] }[] }).issue[0]?.expression]).toEqual([400, ['accesses']]);
    expect((await step(request, { step: 'exclude', what: 'other', note: 'Court order', accesses: [other?.number] }, GUARDIAN)).body.decisions.at(-1)).toMatchObject({ what: 'other', accesses: 1 });
    await ready(request.reference);
    const after = await forMachines(request.reference);
    const hashes = after.accesses.map(({ proof }) => proof.leafHash);
    expect(hashes).not.toContain(other?.proof.leafHash);
    expect(hashes).toContain(accesses[0]?.proof.leafHash);
    expect(after.accesses.map(({ number }) => number)).toEqual(after.accesses.map((_, i) => i + 1));
  });

  it('tells of alerts that are about several patients, and leaves them out as open investigations', async () => {
    const patient = '9000000114';
    const who = { userId: '555000000104', userName: 'Nell Night' };
    await happened(service, ...['9000000122', '9000000130', patient].map((nhsNumber) => ({ nhsNumber, purpose: 'ETREAT', agent: who })));
    await eventually(async () => expect(await sql(service, `SELECT FROM alerts WHERE rule = 'repeated-emergency' AND user_id = $1`, [who.userId])).toHaveLength(1));
    const { reference } = await ready((await open({ ...REQUEST, nhsNumber: patient })).reference);
    const several = 'A member of staff opened several records as emergencies; yours was one of them.';
    expect((await forMachines(reference)).alerts.map(({ about }) => about)).toContain(several);
    await step({ reference, version: (await read(reference)).version }, { step: 'exclude', what: 'open-investigations', note: 'Would be prejudiced' }, GUARDIAN);
    await ready(reference);
    const answer = await forMachines(reference);
    expect(answer.alerts).toEqual([]);
    expect(answer.accesses.every(({ role, name }) => role !== 'Nurse Access Role' || name !== 'Nell Night')).toBe(true);
  });

  it('tells that a pharmacy opened the record, which nobody had to claim', async () => {
    const patient = '9000000149';
    await happened(service, { nhsNumber: patient, service: 'summary-care-record', resourceType: 'Bundle', agent: { odsCode: 'FA123', organisationName: 'A Pharmacy' } });
    await eventually(async () => expect(await sql(service, 'SELECT FROM alerts WHERE nhs_number = $1', [patient])).toHaveLength(1));
    const { reference } = await ready((await open({ ...REQUEST, nhsNumber: patient })).reference);
    expect((await forMachines(reference)).alerts.map(({ about }) => about)).toEqual(['Your record was opened in a community pharmacy. Each time is noted, so that it can be checked.']);
  });

  it('is never ready where the log does not prove that the list is whole', async () => {
    const patient = '9000000157';
    const [first] = await happened(service, { nhsNumber: patient }, { nhsNumber: patient });
    await sql(service, `SET session_replication_role = replica; UPDATE access_events SET nhs_number = '' WHERE event_id = '${first}'`);
    const { history } = await becomes((await open({ ...REQUEST, nhsNumber: patient })).reference, 'failed');
    expect(history.at(-1)).toMatchObject({ by: 'platform', step: 'failed', note: 'The log does not prove that the list of accesses is whole: it has to be verified' });
  });

  it('may be extended once, by two months, with a reason', async () => {
    const request = await ready((await open()).reference);
    expect((await step(request, { step: 'extend' })).status).toBe(400);
    const { status, body } = await step(request, { step: 'extend', note: 'Thousands of accesses' });
    expect([status, body.dueOn, body.extended]).toEqual([200, monthsAfter(TODAY, 3), true]);
    expect((await step(body, { step: 'extend', note: 'Again' })).status).toBe(422);
    const late = await ready((await open({ ...REQUEST, receivedOn: monthsAfter(TODAY, -2) })).reference);
    expect(late.steps).not.toContain('extend');
    expect((await step(late, { step: 'extend', note: 'Too late' })).status).toBe(422);
  });

  it('goes from ready to sent to closed, each step on the version that was read', async () => {
    const request = await ready((await open()).reference);
    const [one, other] = await Promise.all([step(request, { step: 'sent', note: 'By registered post' }), step(request, { step: 'sent' })]);
    expect([one.status, other.status].sort()).toEqual([200, 409]);
    const sent = await read(request.reference);
    expect([sent.status, sent.version]).toEqual(['sent', request.version + 1]);
    expect((await step(sent, { step: 'sent' })).status).toBe(422);
    expect((await step(sent, { step: 'exclude', what: 'safeguarding', note: 'Too late' }, GUARDIAN)).status).toBe(422);
    const closed = (await step(sent, { step: 'close' })).body;
    expect(closed.status).toBe('closed');
    expect((await step(closed, { step: 'appeal' })).status).toBe(400);
    const { body: appealed } = await step(closed, { step: 'appeal', note: 'To the ICO' });
    expect([appealed.status, appealed.history.at(-1)?.step]).toEqual(['closed', 'appeal']);
    expect((await call(`/${request.reference}/document?format=json`)).status).toBe(200);
    await expect(sql(service, 'DELETE FROM subject_access_history WHERE reference = $1', [request.reference])).rejects.toThrow('append-only');
  });

  it('lists requests without their patients, page by page, of the own organisation alone', async () => {
    for (let i = 0; i < 3; i++) await open();
    const first = (await (await call('?_count=2')).json()) as { requests: SubjectAccessRequest[]; next?: string };
    const second = (await (await call(`?_count=2&_page=${first.next}`)).json()) as typeof first;
    expect(new Set([...first.requests, ...second.requests].map(({ reference }) => reference)).size).toBe(4);
    expect(JSON.stringify(first)).not.toContain(PATIENT);
    expect(((await (await call('?status=closed')).json()) as typeof first).requests.every(({ status }) => status === 'closed')).toBe(true);
    expect(((await (await call('', ELSEWHERE)).json()) as typeof first).requests).toEqual([]);
    const [request] = first.requests;
    for (const path of ['', '/document?format=json']) expect((await call(`/${request?.reference}${path}`, ELSEWHERE)).status).toBe(404);
    expect((await step({ reference: request?.reference ?? '', version: 1 }, { step: 'close' }, ELSEWHERE)).status).toBe(404);
  });

  it('is for a colleague when it is about the officer’s own record, also by an earlier or later NHS number', async () => {
    await sql(service, `INSERT INTO staff_patients (user_id, nhs_number) VALUES ($1, '9000000033')`, [OFFICER.userId]);
    await sql(service, `INSERT INTO patient_facts (nhs_number, superseded_by) VALUES ('9000000033', '9000000076'), ('9000000076', '9000000084')`);
    for (const nhsNumber of ['9000000033', '9000000076', '9000000084']) {
      expect((await call('', OFFICER, { ...REQUEST, nhsNumber })).status).toBe(403);
      const opened = await call('', GUARDIAN, { ...REQUEST, nhsNumber });
      expect(opened.status).toBe(201);
      const { reference } = (await opened.json()) as SubjectAccessRequest;
      for (const path of ['', '/document?format=json']) expect((await call(`/${reference}${path}`)).status).toBe(403);
      expect((await step({ reference, version: 1 }, { step: 'extend', note: 'x' })).status).toBe(403);
      expect(JSON.stringify(await (await call('?_count=100')).json())).not.toContain(reference);
      expect(JSON.stringify(await (await call('?_count=100', GUARDIAN)).json())).toContain(reference);
    }
  });

  it('is answered also for somebody whose record nobody opened, and includes earlier NHS numbers, over several merges', async () => {
    await sql(service, `INSERT INTO patient_facts (nhs_number, superseded_by) VALUES ('9000000017', '9000000041'), ('9000000041', '9000000173')`);
    for (const nhsNumber of ['9000000173', '9000000041']) {
      const { reference } = await ready((await open({ ...REQUEST, nhsNumber })).reference);
      const answer = await forMachines(reference);
      expect(answer.accesses.some(({ what }) => what.startsWith('Opened your personal details'))).toBe(true);
      expect(answer.mergedNumbers).toEqual(['9000000017', '9000000041', '9000000173'].filter((number) => number !== nhsNumber));
    }
  });

  it('is recorded at every step, as an access to the patient', async () => {
    const patient = '9000000068';
    const { reference, version } = await ready((await open({ ...REQUEST, nhsNumber: patient })).reference);
    await (await call(`/${reference}/document?format=json`)).text();
    await step({ reference, version }, { step: 'sent' });
    expect((await read(reference)).history.map((entry) => [entry.step, entry.note])).toEqual([
      ['open', undefined],
      ['prepared', undefined],
      ['document', 'json'],
      ['sent', undefined],
    ]);
    await eventually(async () => {
      const answer = await fetch(`${service.url}/audit/v1/reports/patient-access?patient=${patient}&_count=100`, { headers: await contextOf(GUARDIAN) });
      const names = ((await answer.json()) as { rows: AccessRow[] }).rows.map((row) => row.interactionName);
      expect(names).toEqual(
        expect.arrayContaining(['Open subject access request', 'Read subject access request', 'Take a step of a subject access request', 'Fetch the answer to a subject access request']),
      );
    });
  });

  it.each([
    ['a clinician', aUser(), 403],
    ['an officer without the activity', aUser({ activityCodes: ['B0264'], jobRole: 'R0001' }), 403],
    ['an officer at AAL2', aUser({ activityCodes: ['B0011'], jobRole: 'R0001', aal: 2 }), 403],
    ['an application', anApplication(), 403],
    ['a guardian', GUARDIAN, 200],
  ])('%s', async (_, who, status) => expect((await call('', who)).status).toBe(status));

  it.each<[string, object]>([
    ['nhsNumber', { nhsNumber: '9000000008' }],
    ['nhsNumber', { nhsNumber: undefined }],
    ['from', { from: '2026-02-30' }],
    ['from', { from: '1980-01-01' }],
    ['from', { from: undefined }],
    ['to', { to: '2099-01-01' }],
    ['to', { from: TODAY, to: monthsAfter(TODAY, -1) }],
    ['receivedOn', { receivedOn: 'yesterday' }],
    ['receivedOn', { receivedOn: '2099-01-01' }],
    ['identityChecks', { identityChecks: undefined }],
    ['identityChecks', { identityChecks: ['passport'] }],
    ['identityChecks', { identityChecks: ['passport', 'driving-licence'] }],
    ['identityChecks', { identityChecks: ['utility-bill', 'bank-statement'] }],
    ['identityChecks', { identityChecks: ['birth-certificate', 'bank-statement'] }],
    ['identityChecks', { identityChecks: 'passport' }],
    ['identityChecks[1]', { identityChecks: ['passport', 5] }],
    ['identityChecks[0]', { identityChecks: ['library-card', 'utility-bill'] }],
    ['withholdNames', { withholdNames: 'yes' }],
    ['withholdReason', { withholdReason: 'x' }],
    ['withholdReason', { withholdNames: true, withholdReason: 'x'.repeat(501) }],
    ['priority', { priority: 1 }],
  ])('refuses a wrong %s', async (member, change) => {
    const answer = await call('', OFFICER, { ...REQUEST, ...change });
    const body = (await answer.json()) as { issue: { diagnostics: string; expression?: string[] }[] };
    expect([answer.status, body.issue[0]?.expression]).toEqual([400, [member]]);
  });

  it.each<[string, object]>([
    ['version', { step: 'close', version: '1' }],
    ['step', { step: 'burn' }],
    ['step', {}],
    ['note', { step: 'sent', note: 5 }],
    ['what', { step: 'sent', what: 'safeguarding' }],
    ['what', { step: 'exclude', note: 'x', what: 'all' }],
    ['accesses', { step: 'exclude', note: 'x', what: 'other' }],
    ['accesses[0]', { step: 'exclude', note: 'x', what: 'other', accesses: ['1'] }],
    ['accesses', { step: 'exclude', note: 'x', what: 'other', accesses: [1000] }],
    ['accesses', { step: 'include', note: 'x', what: 'other', accesses: [1] }],
    ['note', { step: 'include', what: 'other' }],
    ['x', { step: 'close', x: 1 }],
  ])('refuses a step with a wrong %s', async (member, change) => {
    const { reference } = await open();
    const answer = await call(`/${reference}/steps`, GUARDIAN, { version: 1, ...change });
    const body = (await answer.json()) as { issue: { expression?: string[] }[] };
    expect([answer.status, body.issue[0]?.expression]).toEqual([400, [member]]);
  });

  it.each(['?status=old', '?_count=0', '?_page=e30', '?x=1', '/SAR-1', '/SAR-AAAA-AAAA', '/%00'])('refuses %s', async (path) => {
    expect([400, 404]).toContain((await call(path)).status);
  });

  it('meets 300 hostile bodies without an error of its own', async () => {
    const { reference } = await open();
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom('close', 'exclude', 'include', 'other', TODAY, PATIENT, 1, true, ['passport', 'utility-bill'], [null], 1e308, '0000-00-00'));
    const name = fc.constantFrom('nhsNumber', 'from', 'to', 'receivedOn', 'identityChecks', 'withholdNames', 'withholdReason', 'version', 'step', 'note', 'what', 'accesses', '__proto__');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('', `/${reference}/steps`), fc.dictionary(name, value), fc.boolean(), async (path, members, isWhole) => {
        const body = isWhole ? { ...(path === '' ? REQUEST : { version: 1, step: 'extend', note: 'x' }), ...members } : members;
        const answer = await service.app.inject({ method: 'POST', url: `/audit/v1/subject-access-requests${path}`, headers: { ...(await contextOf(GUARDIAN)), 'content-type': 'application/json' }, payload: JSON.stringify(body) });
        expect(answer.statusCode).toBeLessThan(500);
      }),
      { numRuns: 300, endOnFailure: true },
    );
  }, 120_000);
});
