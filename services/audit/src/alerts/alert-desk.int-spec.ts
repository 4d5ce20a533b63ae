import fc from 'fast-check';
import { Database } from '@carespine/service-kit';
import { aUser, eventually, startService, type RunningService } from '@carespine/test-kit';
import { audit } from '../service';
import type { Alert } from './alert';
import type { Statistics } from './alert-desk.service';
import { Desk, OFFICER, OTHER_OFFICER, record, THE_GUARDIAN } from './fixtures/desk';

describe('the desk', () => {
  let service: RunningService;
  let desk: Desk;
  beforeAll(async () => {
    service = await startService(audit);
    desk = new Desk(service);
    // the register meets the officers by what they do
    for (const who of [OFFICER, OTHER_OFFICER, THE_GUARDIAN]) await new Desk(service, who).list();
    await eventually(async () => expect((await sql('SELECT FROM staff_members')).length).toBeGreaterThanOrEqual(3));
  });
  afterAll(() => service.stop());

  const sql = async <T extends object>(text: string, values: unknown[] = []): Promise<T[]> => (await service.app.get(Database).query<T>({ text, values })).rows;
  let users = 0;
  const agentOf = (userId: string) => ({ userId, odsCode: 'RZZ19' });
  /** A new alert, about a user of its own unless another is named. */
  async function anAlert(facts: Parameters<typeof record>[1] = { sameHousehold: true }, rule = 'same-household', by = desk): Promise<Alert> {
    const userId = facts.agent?.userId ?? `5557${String(++users).padStart(8, '0')}`;
    await record(service, { ...facts, agent: { ...facts.agent, userId } });
    return by.alertOf(rule, userId);
  }

  describe('life of an alert', () => {
    it('goes from new by investigation to closed, and back with a reason; every step stays in its history', async () => {
      const { reference, steps } = await anAlert();
      expect(steps).toEqual(['assign', 'investigate', 'note', 'escalate']);
      const taken = [
        { step: 'assign', assignee: '555000000902' },
        { step: 'investigate' },
        { step: 'note', note: 'Asked the ward manager' },
        { step: 'close', outcome: 'appropriate', note: 'On the rota' },
        { step: 'reopen', note: 'The rota was wrong' },
        { step: 'escalate', note: 'Repeated' },
        { step: 'close', outcome: 'inappropriate', note: 'No reason for access' },
      ];
      let alert: Alert | undefined;
      for (const [i, step] of taken.entries()) {
        const answer = await desk.step(reference, { version: i + 1, ...step });
        expect([step, answer.status]).toEqual([step, 200]);
        alert = answer.body;
      }
      expect(alert).toMatchObject({ status: 'closed', outcome: 'inappropriate', escalated: true, version: 8, assignee: { userId: '555000000902', name: 'Otto Officer' }, steps: ['reopen'] });
      expect(alert?.history.map(({ step }) => step)).toEqual(['raise', ...taken.map(({ step }) => step)]);
      expect(alert?.history[0]?.by).toBe('platform');
      expect(alert?.history[4]).toMatchObject({ by: { userId: '555000000901', name: 'Olive Officer' }, outcome: 'appropriate', note: 'On the rota' });
    });

    it.each([
      ['close', { outcome: 'appropriate', note: 'n' }],
      ['reopen', { note: 'n' }],
    ])('refuses %s with %j while it is new', async (step, members) => {
      const { reference } = await anAlert();
      expect((await desk.step(reference, { version: 1, step, ...members })).status).toBe(422);
    });

    it('closes a duplicate of another alert, not of itself or of none', async () => {
      const [{ reference: other }, { reference }] = [await anAlert(), await anAlert()];
      await desk.step(reference, { version: 1, step: 'investigate' });
      const close = (duplicateOf: string) => desk.step(reference, { version: 2, step: 'close', outcome: 'duplicate', note: 'n', duplicateOf });
      expect((await close(reference)).status).toBe(400);
      expect((await close('A-2222-2222')).status).toBe(400);
      expect((await close(other)).body).toMatchObject({ outcome: 'duplicate', duplicateOf: other });
    });

    it('keeps history append-only, whoever asks', async () => {
      await anAlert();
      for (const statement of ["UPDATE alert_history SET note = 'x'", 'DELETE FROM alert_history', 'TRUNCATE alert_history', 'DELETE FROM alert_evidence', 'DELETE FROM organisation_policies', 'DELETE FROM sampled_alerts']) {
        await expect(sql(statement)).rejects.toThrow(/append-only/);
      }
    });

    it('of two officers with one version, one gets 409', async () => {
      const { reference } = await anAlert();
      const [one, other] = await Promise.all([desk, new Desk(service, OTHER_OFFICER)].map((by) => by.step(reference, { version: 1, step: 'investigate' })));
      expect([one?.status, other?.status].sort()).toEqual([200, 409]);
      expect((await desk.read(reference)).history).toHaveLength(2);
    });

    it('goes to the guardian when it has been new for longer than the policy says, and keeps its version', async () => {
      const { reference } = await anAlert({ purpose: 'BTG' }, 'national-type-2');
      expect((await new Desk(service, THE_GUARDIAN).call('GET', `/alerts/${reference}`)).status).toBe(404);
      const { reference: younger } = await anAlert({ purpose: 'BTG' }, 'national-type-2');
      await sql("UPDATE alerts SET raised_at = raised_at - CASE reference WHEN $1 THEN interval '7 days' ELSE interval '6 days 23 hours' END WHERE reference IN ($1, $2)", [reference, younger]);
      const alert = await eventually(async () => {
        const read = await new Desk(service, THE_GUARDIAN).call<Alert>('GET', `/alerts/${reference}`);
        expect(read.status).toBe(200);
        return read.body;
      });
      expect(alert).toMatchObject({ escalated: true, version: 1 });
      expect((await desk.read(younger)).escalated).toBe(false);
      expect(alert.history.at(-1)).toMatchObject({ by: 'platform', step: 'escalate' });
      expect((await new Desk(service, THE_GUARDIAN).step(reference, { version: 1, step: 'investigate' })).status).toBe(200);
    });
  });

  describe('who sees an alert', () => {
    const only = (code: string) => new Desk(service, aUser({ activityCodes: [code], jobRole: 'R0001', userId: '555000000911' }));

    it('national ones whom their permission names, the platform’s whoever holds reports, the guardian what was escalated', async () => {
      const made = {
        type1: (await anAlert({ relationship: 'self-claimed' }, 'national-type-1')).reference,
        type2: (await anAlert({ purpose: 'BTG' }, 'national-type-2')).reference,
        platform: (await anAlert()).reference,
        escalated: (await anAlert({ purpose: 'BTG' }, 'national-type-2')).reference,
      };
      await desk.step(made.escalated, { version: 1, step: 'escalate', note: 'n' });
      const seen = async (by: Desk): Promise<string[]> => {
        const listed = (await by.list()).alerts.map(({ reference }) => reference);
        const names = Object.entries(made).filter(([, reference]) => listed.includes(reference)).map(([name]) => name);
        for (const [name, reference] of Object.entries(made)) expect([name, (await by.call('GET', `/alerts/${reference}`)).status]).toEqual([name, names.includes(name) ? 200 : 404]);
        return names;
      };
      expect(await seen(only('B0016'))).toEqual(['type1']);
      expect(await seen(only('B0015'))).toEqual(['type2', 'escalated']);
      expect(await seen(only('B0264'))).toEqual(['platform']);
      expect(await seen(new Desk(service, THE_GUARDIAN))).toEqual(['platform', 'escalated']);
      expect(await seen(desk)).toEqual(['type1', 'type2', 'platform', 'escalated']);
      expect(await seen(new Desk(service, { ...OFFICER, organisation: { odsCode: 'RZZ02', name: 'Another' } }))).toEqual([]);
    });

    it.each([
      ['no officer', aUser(), 403],
      ['an officer at AAL2', aUser({ activityCodes: ['B0264', 'B0015', 'B0016'], jobRole: 'R0001', aal: 2 }), 403],
      ['B0016 without the job role', aUser({ activityCodes: ['B0016'] }), 403],
      ['the guardian', THE_GUARDIAN, 200],
    ])('%s: %s', async (_, who, status) => {
      const by = new Desk(service, who);
      for (const path of ['/alerts', '/alerts/statistics', '/policy', '/policy/history', '/samples']) expect([path, (await by.call('GET', path)).status]).toEqual([path, status]);
    });

    it('never its subject, who is refused and sends it to the guardian', async () => {
      const { reference } = await anAlert({ sameHousehold: true, agent: { userId: '555000000902', jobRole: 'R8001' } }, 'same-household', new Desk(service, THE_GUARDIAN));
      const subject = new Desk(service, OTHER_OFFICER);
      expect((await subject.list()).alerts.map((alert) => alert.reference)).not.toContain(reference);
      expect((await subject.call('GET', `/alerts/${reference}`)).status).toBe(404);
      expect((await subject.step(reference, { version: 1, step: 'investigate' })).status).toBe(403);
      // about a privacy officer, also in another role: not for her colleagues either
      expect((await desk.call('GET', `/alerts/${reference}`)).status).toBe(404);
      const alert = await new Desk(service, THE_GUARDIAN).read(reference);
      expect(alert).toMatchObject({ status: 'new', escalated: true, version: 1, assignable: [{ userId: '555000000903' }] });
    });

    it('never its patient, also by a number that was merged into hers; nor is it assigned to her', async () => {
      await sql("INSERT INTO staff_patients (user_id, nhs_number) VALUES ('555000000902', '9000000114')");
      await sql("INSERT INTO patient_facts (nhs_number, superseded_by) VALUES ('9000000106', '9000000114')");
      const patient = new Desk(service, OTHER_OFFICER);
      for (const nhsNumber of ['9000000114', '9000000106']) {
        const { reference, assignable } = await anAlert({ sameHousehold: true, nhsNumber });
        expect((await patient.list()).alerts.map((alert) => alert.reference)).not.toContain(reference);
        expect((await patient.call('GET', `/alerts/${reference}`)).status).toBe(404);
        expect((await patient.step(reference, { version: 1, step: 'investigate' })).status).toBe(404);
        expect(assignable.map(({ userId }) => userId)).not.toContain('555000000902');
        expect((await desk.step(reference, { version: 1, step: 'assign', assignee: '555000000902' })).status).toBe(400);
      }
    });

    it('her colleagues, where she is privacy officer and the only guardian in one', async () => {
      const organisation = { odsCode: 'RZZ19', name: 'A Small Practice' };
      const both = agentOf('555000000921');
      const colleague = new Desk(service, { ...OFFICER, organisation });
      await record(service, { agent: { ...both, jobRole: 'R0001' } }, { agent: { ...both, jobRole: 'R5105' } }, { sameHousehold: true, agent: { ...both, jobRole: 'R8001' } });
      expect((await colleague.alertOf('same-household', '555000000921')).steps).toContain('investigate');
    });

    it('is not held back by a role that a supplier’s event claims for its subject', async () => {
      const userId = '555000000922';
      await record(service, { sameHousehold: true, agent: { userId, jobRole: 'R0001' }, original: Buffer.from('{}') });
      await desk.alertOf('same-household', userId);
    });

    it('is not assigned to its subject (403): then it is the guardian’s too', async () => {
      const { reference, user } = await anAlert({ purpose: 'BTG' }, 'national-type-2');
      expect((await desk.step(reference, { version: 1, step: 'assign', assignee: user?.userId })).status).toBe(403);
      expect((await new Desk(service, THE_GUARDIAN).read(reference)).history.at(-1)).toMatchObject({ by: 'platform', step: 'escalate' });
      expect((await desk.step(reference, { version: 1, step: 'assign', assignee: '555000000404' })).status).toBe(400);
      expect((await desk.step(reference, { version: 1, step: 'assign', assignee: '555000000901' })).body).toMatchObject({ version: 2, assignee: { name: 'Olive Officer' } });
    });

    it('shows evidence of child protection information to whoever has B0107 alone', async () => {
      const { reference } = await anAlert({ sameHousehold: true, service: 'safeguarding', interactionName: 'Read child protection information', resourceType: 'Flag' });
      expect(await desk.read(reference)).toMatchObject({ evidence: [{ service: 'withheld', interactionName: 'Withheld: needs B0107' }] });
      const cleared = new Desk(service, aUser({ activityCodes: ['B0264', 'B0107'], jobRole: 'R0001', userId: '555000000901' }));
      expect(await cleared.read(reference)).toMatchObject({ evidence: [{ service: 'safeguarding', interactionName: 'Read child protection information' }] });
    });

    it('names no patient and no user in a list, and records who read it', async () => {
      const { reference } = await anAlert();
      const listed = (await desk.list()).alerts.find((alert) => alert.reference === reference);
      expect(JSON.stringify(listed)).not.toMatch(/9000000009|Ada|5557/);
      await eventually(async () => {
        const rows = await sql("SELECT FROM access_events WHERE user_id = '555000000901' AND nhs_number = '9000000009' AND service = 'audit' AND purpose = 'HOPERAT'");
        expect(rows.length).toBeGreaterThan(0);
      });
    });
  });

  it('says in its OpenAPI description that any of three permissions opens the desk', async () => {
    const { paths } = (await (await fetch(`${service.url}/openapi.json`)).json()) as { paths: Record<string, Record<string, Record<string, unknown>>> };
    expect(paths['/audit/v1/alerts/{reference}']?.['get']?.['x-any-permission']).toEqual(['audit.alerts-self-claimed', 'audit.alerts-override', 'audit.reports']);
    expect(paths['/audit/v1/policy']?.['put']?.['x-any-permission']).toEqual(['audit.reports']);
  });

  it('lists by state, rule, assignee and day, in pages, newest first, none twice', async () => {
    const organisation = { odsCode: 'RZZ05', name: 'Fifth' };
    const by = new Desk(service, { ...OFFICER, organisation });
    await record(service, ...Array.from({ length: 25 }, (_, i) => ({ sameHousehold: true, agent: { userId: `55560000${i + 1000}`, odsCode: 'RZZ05' } })));
    await eventually(async () => expect((await by.list()).total).toBe(25));
    const references: string[] = [];
    for (let page = '', n = 0; n < 4; n++) {
      const { body } = await by.call<Awaited<ReturnType<Desk['list']>>>('GET', `/alerts?_count=10${page}`);
      references.push(...body.alerts.map(({ reference }) => reference));
      expect(body.counts).toEqual({ new: 25, underInvestigation: 0, closed: 0, escalated: 0 });
      if (!body.next) break;
      page = `&_page=${body.next}`;
    }
    expect([references.length, new Set(references).size]).toEqual([25, 25]);
    await by.step(references[0] ?? '', { version: 1, step: 'investigate' });
    const total = async (query: string): Promise<number> => (await by.list(query)).total;
    const today = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' }).format(new Date());
    expect(await total('assignee=me')).toBe(1);
    expect(await total('assignee=none')).toBe(24);
    expect(await total('status=under-investigation&status=closed')).toBe(1);
    expect(await total('escalated=true')).toBe(0);
    expect(await total('rule=own-record')).toBe(0);
    expect(await total(`from=${today}&to=${today}`)).toBe(25);
    expect(await total('to=2026-01-01')).toBe(0);
    const { body } = await by.call<Statistics>('GET', `/alerts/statistics?from=${today}&to=${today}`);
    expect(body).toEqual({ days: [{ day: today, raised: 25, closed: 0 }], rules: [{ rule: 'same-household', title: expect.any(String) as string, raised: 25, inappropriate: 0 }] });
  });

  it.each([
    ['status=open', 'status'],
    ['rule=x', 'rule'],
    ['rule=toString', 'rule'],
    ['assignee=x', 'assignee'],
    ['escalated=yes', 'escalated'],
    ['from=2026-02-30', 'from'],
    ['from=2026-03-01&to=2026-02-01', 'to'],
    ['_count=0', '_count'],
    ['_count=101', '_count'],
    ['_page=x', '_page'],
    ['rule=own-record&rule=own-record', 'rule'],
    ['more=1', 'more'],
  ])('refuses the list ?%s naming %s', async (query, name) => {
    const { status, body } = await desk.call<{ issue: { expression: string[] }[] }>('GET', `/alerts?${query}`);
    expect([status, body.issue[0]?.expression]).toEqual([400, [name]]);
  });

  it.each(['A-2222-2222', 'x', '%00', "A-2222-2222'--", '..%2F'])('answers 404 for the alert %s', async (reference) => {
    expect((await desk.call('GET', `/alerts/${reference}`)).status).toBe(404);
    expect((await desk.call('POST', `/alerts/${reference}/steps`, { version: 1, step: 'investigate' })).status).toBe(404);
  });

  it('answers a thousand strange steps without a 5xx, and none of them changes an alert wrongly', async () => {
    const { reference } = await anAlert();
    const strange = fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean(), fc.constantFrom(null, [], {}, 'note', 'close', 'assign', '555000000901', 'A-2222-2222', 1), fc.jsonValue());
    const body = fc.oneof(
      fc.record({ version: strange, step: strange, assignee: strange, outcome: strange, note: strange, duplicateOf: strange }, { requiredKeys: [] }),
      fc.record({ version: fc.constant(1), step: fc.constantFrom('assign', 'note', 'close', 'reopen', 'escalate'), note: strange, assignee: strange }, { requiredKeys: ['version', 'step'] }),
      fc.jsonValue(),
    );
    const statuses = new Set<number>();
    await fc.assert(
      fc.asyncProperty(fc.array(body, { minLength: 20, maxLength: 20 }), async (bodies) => {
        for (const { status } of await Promise.all(bodies.map((one) => desk.step(reference, JSON.stringify(one ?? null))))) {
          statuses.add(status);
          expect(status).toBeLessThan(500);
        }
      }),
      { numRuns: 50, endOnFailure: true },
    );
    expect(statuses.has(400)).toBe(true);
    const alert = await desk.read(reference);
    expect(alert.version).toBe(alert.history.filter(({ by }) => by !== 'platform').length + 1);
  });
});
