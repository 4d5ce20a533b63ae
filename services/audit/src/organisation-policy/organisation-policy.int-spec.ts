import { startService, type RunningService } from '@carespine/test-kit';
import { Desk, OFFICER, OTHER_OFFICER } from '../alerts/fixtures/desk';
import { audit } from '../service';
import { aUser } from '@carespine/test-kit';
import type { KeptPolicy, PolicyChange } from './organisation-policies.service';
import { DEFAULT_POLICY } from './policy';

const POLICY = { ...DEFAULT_POLICY, samplePercent: 25 };
const HOURS = DEFAULT_POLICY.openingHours;

describe('an organisation’s procedure', () => {
  let service: RunningService;
  let desk: Desk;
  beforeAll(async () => {
    service = await startService(audit);
    desk = new Desk(service);
  });
  afterAll(() => service.stop());

  it('is the default until it is written, then what was written, with its history', async () => {
    expect((await desk.call('GET', '/policy')).body).toEqual({ ...DEFAULT_POLICY, version: 0 });
    expect((await desk.call('PUT', '/policy', { ...POLICY, version: 0, thresholds: { 'many-patients': { patients: 5, R8001: 7 } } })).status).toBe(200);
    const { body } = await desk.call<KeptPolicy>('GET', '/policy');
    expect(body).toMatchObject({ samplePercent: 25, version: 1, thresholds: { 'many-patients': { windowMinutes: 60, patients: 5, R8001: 7 }, 'refusal-burst': { refusals: 10 } } });
    expect((await desk.call('PUT', '/policy', { ...body, rhythm: 'daily' })).status).toBe(200);
    const history = (await desk.call<{ changes: PolicyChange[] }>('GET', '/policy/history')).body.changes;
    expect(history.map((change) => [change.version, change.by.name, change.policy.rhythm])).toEqual([
      [2, 'Olive Officer', 'daily'],
      [1, 'Olive Officer', 'weekly'],
    ]);
    const elsewhere = new Desk(service, { ...OFFICER, organisation: { odsCode: 'RZZ02', name: 'Another' } });
    expect((await elsewhere.call('GET', '/policy')).body).toMatchObject({ version: 0 });
  });

  it('of two changes of one version, one gets 409', async () => {
    const { version } = (await desk.call<KeptPolicy>('GET', '/policy')).body;
    const answers = await Promise.all([desk, new Desk(service, OTHER_OFFICER)].map((by) => by.call('PUT', '/policy', { ...POLICY, version })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  it('is changed by holders of reports alone', async () => {
    const receiver = new Desk(service, aUser({ activityCodes: ['B0016'], jobRole: 'R0001' }));
    expect((await receiver.call('GET', '/policy')).status).toBe(200);
    expect((await receiver.call('PUT', '/policy', { ...POLICY, version: 0 })).status).toBe(403);
  });

  it.each([
    [{ more: 1 }, 'more'],
    [{ version: -1 }, 'version'],
    [{ version: undefined }, 'version'],
    [{ samplePercent: 0 }, 'samplePercent'],
    [{ samplePercent: 101 }, 'samplePercent'],
    [{ samplePercent: 1.5 }, 'samplePercent'],
    [{ rhythm: 'yearly' }, 'rhythm'],
    [{ selection: 'some' }, 'selection'],
    [{ checkedAgainst: 'rota' }, 'checkedAgainst'],
    [{ checkedAgainst: [''] }, 'checkedAgainst[0]'],
    [{ escalatesTo: '' }, 'escalatesTo'],
    [{ escalateAfterDays: 0 }, 'escalateAfterDays'],
    [{ openingHours: [] }, 'openingHours'],
    [{ openingHours: { ...HOURS, mon: undefined } }, 'openingHours.mon'],
    [{ openingHours: { ...HOURS, mon: ['9:00', '17:00'] } }, 'openingHours.mon'],
    [{ openingHours: { ...HOURS, mon: ['09:00', '09:00'] } }, 'openingHours.mon'],
    [{ openingHours: { ...HOURS, noday: null } }, 'openingHours.noday'],
    [{ thresholds: { 'national-type-1': { enabled: 0 } } }, 'thresholds.national-type-1'],
    [{ thresholds: { 'own-record': { enabled: 2 } } }, 'thresholds.own-record.enabled'],
    [{ thresholds: { 'own-record': null } }, 'thresholds.own-record'],
    [{ thresholds: { 'refusal-burst': { refusals: 0 } } }, 'thresholds.refusal-burst.refusals'],
    [{ thresholds: { 'refusal-burst': { R8000: 1 } } }, 'thresholds.refusal-burst.R8000'],
    [{ thresholds: { 'many-patients': { R8000: 'x' } } }, 'thresholds.many-patients.R8000'],
    [{ namesWithheldInSubjectAccess: 'no' }, 'namesWithheldInSubjectAccess'],
    [{ namesWithheldInSubjectAccess: true }, 'namesWithheldReason'],
    [{ namesWithheldReason: 'Threats' }, 'namesWithheldReason'],
  ])('refuses %j naming %s', async (wrong, name) => {
    const { status, body } = await desk.call<{ issue: { expression: string[] }[] }>('PUT', '/policy', { ...POLICY, version: 99, ...wrong });
    expect([status, body.issue[0]?.expression]).toEqual([400, [name]]);
  });

  it.each(['', '[', '"x"', 'null', '[]', '{"__proto__":{}}'])('refuses the body %j', async (body) => expect((await desk.call('PUT', '/policy', body)).status).toBe(400));
});
