import { PortalInTests, privacyOfficer } from '../fixtures/portal-in-tests';
import { dateValues } from '../forms/form';
import { nextPeriod } from './sample-view';

const portal = new PortalInTests();
beforeAll(() => portal.start());
afterAll(() => portal.stop());

const officer = privacyOfficer();

describe('samples of alerts', () => {
  it('the next one begins where the latest ended, and ends no later than today', () => {
    const { policy } = portal.apis.desk;
    const latest = { from: '2026-11-10', to: '2026-11-16' } as Parameters<typeof nextPeriod>[1][number];
    expect(nextPeriod(policy, [latest], '2026-11-24')).toEqual({ from: '2026-11-17', to: '2026-11-23' });
    expect(nextPeriod(policy, [latest], '2026-11-19')).toEqual({ from: '2026-11-17', to: '2026-11-19' });
    expect(nextPeriod(policy, [], '2026-11-24')).toEqual({ from: '2026-11-18', to: '2026-11-24' });
  });

  it('is drawn for days of the past', async () => {
    const days = (to: string) => ({ ...dateValues('from', '2026-11-17'), ...dateValues('to', to), seed: '4711' });
    expect((await portal.post('/desk/samples', days('2099-01-01'), officer)).body).toContain('The last date must be today or in the past');
    const { headers } = await portal.post('/desk/samples', days('2026-11-23'), officer);
    expect(headers.location).toBe('/desk/samples/sample-1');
    expect(portal.apis.calls.at(-1)?.body).toEqual({ from: '2026-11-17', to: '2026-11-23', seed: '4711' });
  });

  it('says how it was drawn, and lets the rest be closed only when all was checked', async () => {
    const open = await portal.get('/desk/samples/sample-1', officer);
    for (const text of ['4 of 8 alerts', '4711', 'Own record opened: 4 of 8 drawn']) expect(open.body).toContain(text);
    expect(open.body).not.toContain('What you found in the sample');
    for (const alert of portal.apis.desk.alerts.slice(0, 4)) alert.status = 'closed';
    const checked = await portal.get('/desk/samples/sample-1', officer);
    expect(checked.body).toContain('What you found in the sample');
    expect((await portal.post('/desk/samples/sample-1', { rule: 'own-record', note: '' }, officer)).body).toContain('Enter what you found in the sample');
    expect((await portal.post('/desk/samples/sample-1', { note: 'n' }, officer)).body).toContain('Select which alerts');
    expect((await portal.post('/desk/samples/sample-1', { rule: 'other', note: 'n' }, officer)).statusCode).toBeLessThan(500);
    const { headers } = await portal.post('/desk/samples/sample-1', { rule: 'own-record', note: 'All in order' }, officer);
    expect(headers.location).toBe('/desk/samples/sample-1?closed=yes');
    expect(portal.apis.calls.at(-1)?.body).toEqual({ rule: 'own-record', note: 'All in order' });
  });
});
