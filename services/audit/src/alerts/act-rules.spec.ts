import { Interaction } from '@carespine/contracts';
import { DEFAULT_POLICY, type Policy } from '../organisation-policy/policy';
import type { Act } from './act';
import { hitsOf, isEmergency, isSafeguardingRead, nationalAlertOf, networkOf, type Circumstances } from './act-rules';

const anAct = (other: Partial<Act> = {}): Act => ({
  eventId: 'e',
  recorded: new Date('2026-11-24T12:00:00Z'),
  service: 'demographics',
  interaction: Interaction.READ,
  interactionName: 'Retrieve patient',
  outcome: 0,
  outcomeDescription: '',
  resourceType: 'Patient',
  nhsNumber: '9000000009',
  purpose: 'TREAT',
  requestId: 'r',
  clientAddress: '203.0.113.7',
  sameHousehold: false,
  relationship: '',
  permissionToView: '',
  note: '',
  alertType: 0,
  alertReason: 0,
  userId: '555000000101',
  userName: 'Ada Nurse',
  jobRole: 'R8001',
  jobRoleName: 'Nurse Access Role',
  roleProfileId: '555000001101',
  odsCode: 'RZZ01',
  organisationName: 'Example Trust',
  clientId: 'c',
  isFed: false,
  ...other,
});
const SEARCH = { interaction: Interaction.SEARCH_TYPE };
const rules = (act: Partial<Act>, around: Partial<Circumstances> = {}): string[] => hitsOf(anAct(act), { policy: DEFAULT_POLICY, ...around }).map(({ rule }) => rule);
const withThreshold = (rule: string, numbers: Record<string, number>): Policy => ({ ...DEFAULT_POLICY, thresholds: { ...DEFAULT_POLICY.thresholds, [rule]: { ...DEFAULT_POLICY.thresholds[rule], ...numbers } } });

describe('audit specification, "National" alerts', () => {
  it.each([
    [{}, undefined],
    [{ alertType: 1, alertReason: 6 }, [1, 'Other (with permission)']],
    [{ alertType: 2, alertReason: 1, relationship: 'self-claimed' }, [2, 'Public interest']],
    [{ relationship: 'self-claimed' }, [1, 'Other (with permission)']],
    [{ relationship: 'appointment' }, undefined],
    [{ relationship: 'self-claimed', permissionToView: 'emergency' }, [1, 'Self-claimed emergency']],
    [{ relationship: 'self-claimed', permissionToView: 'legal', alertReason: 3 }, [1, 'Court order']],
    [{ permissionToView: 'yes' }, undefined],
    [{ permissionToView: 'emergency' }, [2, 'Emergency']],
    [{ permissionToView: 'legal', alertReason: 2 }, [2, 'Statute']],
    [{ permissionToView: 'legal' }, [2, 'Legal']],
    [{ purpose: 'ETREAT' }, [2, 'Emergency']],
    [{ purpose: 'BTG' }, [2, 'Emergency']],
    [{ purpose: 'BTG', outcome: 4 }, undefined],
    [{ purpose: 'BTG', service: 'audit' }, undefined],
    [{ purpose: 'BTG', nhsNumber: '' }, undefined],
    [{ odsCode: 'FA123', resourceType: 'Bundle' }, [1, 'Viewed in a community pharmacy']],
    [{ odsCode: 'FA123' }, undefined],
    [{ odsCode: 'FA123', resourceType: 'DocumentReference', ...SEARCH }, undefined],
    [{ odsCode: 'FA123', resourceType: 'Bundle', ...SEARCH }, [1, 'Viewed in a community pharmacy']],
    [{ odsCode: 'Y12345', resourceType: 'Bundle' }, undefined],
  ] as [Partial<Act>, [number, string] | undefined][])('%j: %j', (act, expected) => {
    const alert = nationalAlertOf(anAct(act));
    expect(alert && [alert.type, alert.reason]).toEqual(expected);
  });

  it.each([{ relationship: 'self-claimed' }, { purpose: 'BTG' }, { alertType: 1, alertReason: 6 }, {}])('in a pharmacy is one for each view, with %j too', (facts) => {
    const [one, other] = ['r1', 'r2'].map((requestId) => nationalAlertOf(anAct({ odsCode: 'FA123', resourceType: 'Bundle', ...SEARCH, ...facts, requestId })));
    expect(one?.cause).toBeDefined();
    expect(one?.cause).not.toBe(other?.cause);
  });

  it('cannot be switched off', () => expect(rules({ purpose: 'BTG' }, { policy: withThreshold('national-type-2', { enabled: 0 }) })).toContain('national-type-2'));
});

describe('audit specification, "Platform (policy)": rules of one act', () => {
  it.each([
    ['own-record', {}, { isOwnRecord: true }, true],
    ['own-record', SEARCH, { isOwnRecord: true }, true],
    ['own-record', { outcome: 4 }, { isOwnRecord: true }, false],
    ['own-record', { service: 'audit' }, { isOwnRecord: true }, false],
    ['same-household', { sameHousehold: true }, {}, true],
    ['same-household', { sameHousehold: true, ...SEARCH }, {}, true],
    ['same-household', { sameHousehold: true }, { isOwnRecord: true }, false],
    ['same-household', {}, {}, false],
    ['staff-record', {}, { staffMember: 'colleague' }, true],
    ['staff-record', {}, { staffMember: 'elsewhere' }, true],
    ['staff-record', SEARCH, { staffMember: 'colleague' }, false],
    ['restricted-patient', {}, { patient: { restricted: true } }, true],
    ['restricted-patient', {}, { patient: { restricted: false } }, false],
    ['restricted-patient', SEARCH, { patient: { restricted: true } }, false],
    ['restricted-patient', { ...SEARCH, resourceType: 'Bundle' }, { patient: { restricted: true } }, true],
    ['deceased-patient', {}, { patient: { restricted: false, deceased: new Date('2026-11-24T12:00:00Z') } }, true],
    ['deceased-patient', {}, { patient: { restricted: false, deceased: new Date('2026-11-24T12:00:01Z') } }, false],
    ['deceased-patient', {}, { patient: { restricted: false } }, false],
    ['ended-role', {}, { roleEnded: '2026-11-23' }, true],
    ['ended-role', {}, { roleEnded: '2026-11-24' }, false],
    ['ended-role', { nhsNumber: '', service: 'gateway', interaction: Interaction.ROLE_CHANGE }, { roleEnded: '2026-11-23' }, true],
    ['ended-role', { outcome: 4 }, { roleEnded: '2026-11-23' }, false],
    ['export-or-print', { interaction: Interaction.EXPORT }, {}, true],
    ['export-or-print', { interaction: Interaction.PRINT, service: 'audit' }, {}, true],
    ['export-or-print', { interaction: Interaction.IMPORT }, {}, false],
    ['export-or-print', { interaction: Interaction.EXPORT, outcome: 4 }, {}, false],
  ] as [string, Partial<Act>, Partial<Circumstances>, boolean][])('%s: %j, %j: %s', (rule, act, around, fires) => expect(rules(act, around).includes(rule)).toBe(fires));

  it('deceased-patient waits for as many days as the policy says', () => {
    const policy = withThreshold('deceased-patient', { afterDays: 30 });
    const diedOn = (deceased: string): string[] => rules({}, { policy, patient: { restricted: false, deceased: new Date(deceased) } });
    expect(diedOn('2026-10-25T12:00:00Z')).toContain('deceased-patient');
    expect(diedOn('2026-10-25T12:00:01Z')).not.toContain('deceased-patient');
  });

  it.each(['own-record', 'same-household', 'staff-record', 'restricted-patient', 'export-or-print', 'ended-role'])('%s can be switched off by the policy', (rule) => {
    const policy = withThreshold(rule, { enabled: 0 });
    expect(rules({ sameHousehold: true, interaction: Interaction.EXPORT }, { policy, staffMember: 'colleague', patient: { restricted: true }, roleEnded: '2020-01-01' })).not.toContain(rule);
  });

  it('says nothing of anybody in its reasons', () => {
    const hits = hitsOf(anAct({ sameHousehold: true, interaction: Interaction.EXPORT, purpose: 'BTG' }), { policy: DEFAULT_POLICY, staffMember: 'colleague', patient: { restricted: true } });
    expect(hits.length).toBeGreaterThan(4);
    for (const { reason } of hits) expect(reason).not.toMatch(/\d{9}|Ada/);
  });
});

describe('outside the organisation’s hours', () => {
  const CLINIC = { mon: ['09:00', '17:00'], tue: ['09:00', '17:00'], wed: ['20:00', '02:00'], thu: null, fri: null, sat: null, sun: ['00:00', '24:00'] };
  it.each([
    ['2026-11-24T08:30:00Z', false],
    ['2026-11-24T08:29:59Z', true],
    ['2026-11-24T17:29:59Z', false],
    ['2026-11-24T17:30:00Z', true],
    ['2026-11-25T23:59:00Z', false], // Wednesday night
    ['2026-11-26T02:29:00Z', false], // still Wednesday's
    ['2026-11-26T02:30:00Z', true],
    ['2026-11-26T12:00:00Z', true],
    ['2026-11-28T23:45:00Z', false], // within the grace of Sunday's midnight
    ['2026-06-23T07:30:00Z', false], // 08:30 in summer
    ['2026-06-23T07:29:00Z', true],
  ])('%s: %s', (at, fires) => {
    const policy = { ...DEFAULT_POLICY, openingHours: CLINIC as unknown as Policy['openingHours'] };
    expect(rules({ recorded: new Date(at) }, { policy }).includes('outside-hours')).toBe(fires);
  });

  it('is never, until the organisation says when it closes', () => expect(rules({ recorded: new Date('2026-11-24T03:00:00Z') })).toEqual([]));
});

describe('what the rules remember', () => {
  it.each([
    [{ purpose: 'ETREAT' }, true],
    [{ permissionToView: 'emergency' }, true],
    [{ alertType: 1, alertReason: 4 }, true],
    [{ alertType: 2, alertReason: 5 }, true],
    [{ alertType: 2, alertReason: 1 }, false],
    [{}, false],
  ])('emergency: %j: %s', (act, expected) => expect(isEmergency(anAct(act))).toBe(expected));

  it.each([
    [{ service: 'safeguarding', interactionName: 'Read child protection information' }, true],
    [{ service: 'safeguarding', interactionName: 'Read reasonable adjustments' }, false],
    [{ service: 'safeguarding', interaction: Interaction.CREATE }, false],
    [{ service: 'P.SUPPLIER', resourceType: 'Flag', interactionName: 'CP-IS' }, true],
    [{ service: 'demographics' }, false],
  ])('safeguarding read: %j: %s', (act, expected) => expect(isSafeguardingRead(anAct(act))).toBe(expected));

  it.each([
    ['203.0.113.7', '203.0.113.0/24'],
    ['::ffff:203.0.113.7', '203.0.113.0/24'],
    ['2001:db8:1:2::7', '2001:db8:1::/48'],
    ['2001:0db8:0001:ffff:0:0:0:1', '2001:db8:1::/48'],
    ['2001:db8::1', '2001:db8:0::/48'],
    ['::1', '0:0:0::/48'],
    ['nonsense', undefined],
    ['', undefined],
  ])('network of %s is %s', (address, network) => expect(networkOf(address)).toBe(network));
});
