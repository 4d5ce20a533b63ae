import { PortalInTests, privacyOfficer } from '../fixtures/portal-in-tests';
import { checkPolicy, differences, policyFields, policyOf, policyValues } from './policy-form';

const portal = new PortalInTests();
beforeAll(() => portal.start());
afterAll(() => portal.stop());

const officer = privacyOfficer();
const form = (over: Record<string, string> = {}) => ({ ...policyValues(portal.apis.desk.policy), version: String(portal.apis.desk.policy.version), ...over });

describe('the procedure of an organisation', () => {
  it('comes back from its form as it went in', () => {
    const { policy } = portal.apis.desk;
    expect(policyOf(policy, policyValues(policy), policy.version)).toEqual(policy);
  });

  it.each([
    [{ samplePercent: '101' }, { samplePercent: 'Percent of alerts that are checked must be from 1 to 100' }],
    [{ samplePercent: 'half' }, { samplePercent: 'Percent of alerts that are checked must be a whole number' }],
    [{ 'mon-closes': '' }, { 'mon-closes': 'Enter when you close on Monday, or leave both times empty' }],
    [{ 'mon-opens': '25:00' }, { 'mon-opens': 'Enter a time like 09:00 or 17:30' }],
    [{ 'sat-opens': '9:00', 'sat-closes': '24:00' }, {}],
    [{ 'many-patients.patients': '' }, { 'many-patients.patients': 'Enter patients' }],
  ])('%o: %o', (over, errors) => {
    const { policy } = portal.apis.desk;
    expect(checkPolicy(policyFields(policy), { ...policyValues(policy), ...over })).toEqual(errors);
  });

  it('is saved with the version that was shown, and each change stays in its history', async () => {
    const { statusCode, headers } = await portal.post('/desk/policy', form({ samplePercent: '60', 'own-record.enabled': '', 'sun-opens': '9:00', 'sun-closes': '12:00' }), officer);
    expect([statusCode, headers.location]).toEqual([303, '/desk/policy?saved=yes']);
    expect(portal.apis.desk.policy).toMatchObject({ samplePercent: 60, openingHours: { sun: ['09:00', '12:00'] }, thresholds: { 'own-record': { enabled: 0 } } });
    const { body } = await portal.get('/desk/policy?saved=yes', officer);
    for (const text of ['The procedure was saved', 'Percent of alerts that are checked: 60, was 50', 'Own record, raise this alert: no, was yes']) expect(body).toContain(text);
  });

  it('that somebody else changed meanwhile shows their change, and keeps one’s own', async () => {
    const { statusCode, body } = await portal.post('/desk/policy', form({ version: '2', escalatesTo: 'The board' }), officer);
    expect(statusCode).toBe(409);
    for (const text of ['Somebody else changed the procedure', 'Percent of alerts that are checked: 60', 'value="The board"']) expect(body).toContain(text);
  });

  it('differs from itself in nothing', () => expect(differences(portal.apis.desk.policy, portal.apis.desk.policy)).toEqual([]));
});
