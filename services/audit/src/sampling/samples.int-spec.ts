import { Interaction } from '@carespine/contracts';
import { eventually, startService, type RunningService } from '@carespine/test-kit';
import { Desk, OFFICER, record, THE_GUARDIAN } from '../alerts/fixtures/desk';
import { londonDay } from '../london';
import { DEFAULT_POLICY } from '../organisation-policy/policy';
import { audit } from '../service';
import type { Sample } from './samples.service';

const today = londonDay(new Date());

describe('audit specification, "The officer’s work": samples', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService(audit);
  });
  afterAll(() => service.stop());

  /** An organisation with so many new alerts. */
  async function anOrganisation(odsCode: string, alerts: number): Promise<Desk> {
    const desk = new Desk(service, { ...OFFICER, organisation: { odsCode, name: odsCode } });
    await record(service, ...Array.from({ length: alerts }, (_, i) => ({ sameHousehold: true, agent: { userId: `55560000${i + 1000}`, odsCode } })));
    await eventually(async () => expect((await desk.list()).total).toBe(alerts));
    return desk;
  }
  const draw = async (desk: Desk, seed?: string): Promise<Sample> => {
    const { status, body } = await desk.call<Sample>('POST', '/samples', { from: today, to: today, ...(seed !== undefined && { seed }) });
    expect(status).toBe(201);
    return body;
  };
  async function close(desk: Desk, reference: string, outcome = 'appropriate'): Promise<void> {
    await desk.step(reference, { version: 1, step: 'investigate' });
    expect((await desk.step(reference, { version: 2, step: 'close', outcome, note: 'n' })).status).toBe(200);
  }

  it('draws the share and by the selection of the policy; the same seed and period draw the same', async () => {
    const desk = await anOrganisation('RZZ10', 10);
    const first = await draw(desk);
    expect(first).toMatchObject({ from: today, to: today, share: 50, selection: 'every-nth', population: 10, drawnBy: { userId: '555000000901' }, checked: 0, appropriate: 0 });
    expect(first.alerts).toHaveLength(5);
    await desk.call('PUT', '/policy', { ...DEFAULT_POLICY, version: 0, samplePercent: 25, selection: 'random' });
    const [one, again, other] = [await draw(desk, 'seed'), await draw(desk, 'seed'), await draw(desk, 'another')];
    const references = ({ alerts }: Sample): string[] => alerts.map(({ reference }) => reference);
    expect(references(one)).toHaveLength(3);
    expect(references(again)).toEqual(references(one));
    await close(desk, references(one)[0] ?? ''); // what is done to an alert changes no draw
    expect(references(await draw(desk, 'seed'))).toEqual(references(one));
    expect(other.seed).toBe('another');
    const listed = (await desk.call<{ samples: Sample[]; next?: string }>('GET', '/samples?_count=2')).body;
    expect([listed.samples.length, typeof listed.next]).toEqual([2, 'string']);
    expect((await desk.call<{ samples: Sample[] }>('GET', `/samples?_count=100&_page=${listed.next}`)).body.samples).toHaveLength(3);
    expect((await desk.call<Sample>('GET', `/samples/${one.id}`)).body).toMatchObject({ checked: 1, appropriate: 1 });
  });

  it('closes the rest when every drawn one is closed, and says so in each history', async () => {
    const desk = await anOrganisation('RZZ11', 6);
    const { id, alerts } = await draw(desk);
    const closeRest = () => desk.call<Sample>('POST', `/samples/${id}/close-rest`, { rule: 'same-household', note: 'Sampled this week' });
    expect((await closeRest()).status).toBe(422);
    for (const { reference } of alerts) await close(desk, reference);
    expect((await closeRest()).body).toMatchObject({ checked: 3, appropriate: 3 });
    const all = (await desk.list()).alerts;
    expect(all.map(({ status }) => status)).toEqual(Array(6).fill('closed'));
    const rest = all.filter((alert) => !alerts.some(({ reference }) => reference === alert.reference));
    expect((await desk.read(rest[0]?.reference ?? '')).history.at(-1)).toMatchObject({ step: 'close', outcome: 'appropriate', note: expect.stringContaining(`closed by sample ${id}`) as string });
  });

  it('does not close the rest when a drawn one was inappropriate', async () => {
    const desk = await anOrganisation('RZZ12', 4);
    const { id, alerts } = await draw(desk);
    for (const [i, { reference }] of alerts.entries()) await close(desk, reference, i === 0 ? 'inappropriate' : 'appropriate');
    expect((await desk.call('POST', `/samples/${id}/close-rest`, { rule: 'same-household', note: 'n' })).status).toBe(422);
    expect((await desk.list('status=new')).total).toBe(2);
  });

  it('draws of each rule its share, and closes the rest of one rule; but what is escalated or somebody’s stays', async () => {
    const desk = await anOrganisation('RZZ14', 8);
    await record(service, ...Array.from({ length: 4 }, (_, i) => ({ interaction: Interaction.EXPORT, nhsNumber: '9000000009', agent: { userId: `55570000${i + 1000}`, odsCode: 'RZZ14' } })));
    await eventually(async () => expect((await desk.list()).total).toBe(12));
    const { id, alerts, rules } = await draw(desk);
    expect(rules).toEqual([
      { rule: 'export-or-print', title: expect.any(String) as string, population: 4, drawn: 2, checked: 0, appropriate: 0 },
      { rule: 'same-household', title: expect.any(String) as string, population: 8, drawn: 4, checked: 0, appropriate: 0 },
    ]);
    const drawn = new Set(alerts.map(({ reference }) => reference));
    const rest = (await desk.list('rule=same-household')).alerts.map(({ reference }) => reference).filter((reference) => !drawn.has(reference));
    await desk.step(rest[0] ?? '', { version: 1, step: 'escalate', note: 'n' });
    await desk.step(rest[1] ?? '', { version: 1, step: 'assign', assignee: OFFICER.userId });
    for (const { reference, rule } of alerts) if (rule === 'same-household') await close(desk, reference);
    const closeRest = (rule: string) => desk.call<Sample>('POST', `/samples/${id}/close-rest`, { rule, note: 'n' });
    expect([(await closeRest('export-or-print')).status, (await closeRest('own-record')).status, (await closeRest('x')).status]).toEqual([422, 400, 400]);
    expect((await closeRest('same-household')).status).toBe(200);
    expect((await desk.list('status=new&rule=export-or-print')).total).toBe(4);
    expect((await desk.list('status=new&rule=same-household')).alerts.map(({ reference }) => reference).sort()).toEqual(rest.slice(0, 2).sort());
  });

  it('closes nothing by a draw that was not left to chance: by a seed that was named, or after another', async () => {
    const desk = await anOrganisation('RZZ15', 4);
    const [first, again] = [await draw(desk, 'mine'), await draw(desk)];
    for (const alert of new Set([...first.alerts, ...again.alerts].map(({ reference }) => reference))) await close(desk, alert);
    for (const { id } of [first, again]) expect((await desk.call('POST', `/samples/${id}/close-rest`, { rule: 'same-household', note: 'n' })).status).toBe(422);
  });

  it('draws the same for the guardian as for an officer, whatever was escalated or assigned', async () => {
    const desk = await anOrganisation('RZZ16', 6);
    await record(service, { purpose: 'BTG', agent: { userId: '555600009999', odsCode: 'RZZ16' } });
    const national = await desk.alertOf('national-type-2', '555600009999');
    const guardian = new Desk(service, { ...THE_GUARDIAN, organisation: { odsCode: 'RZZ16', name: 'x' } });
    const before = await draw(guardian, 'seed');
    await desk.step(national.reference, { version: 1, step: 'escalate', note: 'n' });
    const after = await draw(guardian, 'seed');
    expect([after.population, after.alerts.map(({ reference }) => reference)]).toEqual([6, before.alerts.map(({ reference }) => reference)]);
  });

  it('draws nothing of nothing, and keeps to the own organisation', async () => {
    const desk = new Desk(service, { ...OFFICER, organisation: { odsCode: 'RZZ13', name: 'x' } });
    const sample = await draw(desk);
    expect(sample).toMatchObject({ population: 0, alerts: [] });
    expect((await new Desk(service).call('GET', `/samples/${sample.id}`)).status).toBe(404);
    expect((await new Desk(service).call('POST', `/samples/${sample.id}/close-rest`, { rule: 'same-household', note: 'n' })).status).toBe(404);
    expect((await desk.call('GET', '/samples/x')).status).toBe(404);
  });

  it.each([
    [{ from: today }, 'to'],
    [{ to: today }, 'from'],
    [{ from: '2026-02-30', to: today }, 'from'],
    [{ from: today, to: 7 }, 'to'],
    [{ from: '2026-02-02', to: '2026-02-01' }, 'to'],
    [{ from: '2020-01-01', to: today }, 'from'],
    [{ from: today, to: today, seed: '' }, 'seed'],
    [{ from: today, to: today, seed: 1 }, 'seed'],
    [{ from: today, to: today, more: 1 }, 'more'],
  ])('refuses to draw by %j naming %s', async (body, name) => {
    const answer = await new Desk(service).call<{ issue: { expression: string[] }[] }>('POST', '/samples', body);
    expect([answer.status, answer.body.issue[0]?.expression]).toEqual([400, [name]]);
  });
});
