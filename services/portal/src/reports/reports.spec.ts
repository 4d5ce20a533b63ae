import { anAccess } from '../fixtures/stand-in-desk';
import { PortalInTests, privacyOfficer } from '../fixtures/portal-in-tests';
import { dateValues } from '../forms/form';
import { describeAccess, describeAccesses } from './access-view';
import { barsOf } from './activity-view';
import { checkReport, lastMonth, REPORTS, type ReportForm } from './report-forms';

const portal = new PortalInTests();
beforeAll(() => portal.start());
afterAll(() => portal.stop());
beforeEach(() => (portal.apis.calls.length = 0));

const officer = privacyOfficer();
const NOW = new Date('2026-11-24T12:00:00Z');
const dates = { ...dateValues('from', '2026-11-01'), ...dateValues('to', '2026-11-24') };
const next = (body: string) => /href="([^"]+)" rel="next"/.exec(body)?.[1] ?? '';
const ask = async (report: string, form: Record<string, string>) => {
  const { headers } = await portal.post(`/reports/${report}`, { ...dates, ...form }, officer);
  return String(headers.location);
};
const lastUrl = () => portal.apis.calls.at(-1)?.url ?? '';

describe('who looked at this patient', () => {
  const open = () => ask('patient-access', { nhsNumber: '900 000 0009' });

  it('asks for a real NHS number', async () => {
    const { statusCode, body } = await portal.post('/reports/patient-access', { ...dates, nhsNumber: '9000000008' }, officer);
    expect(statusCode).toBe(400);
    expect(body).toContain('href="#nhsNumber"');
  });

  it('lists the accesses without opening the record', async () => {
    const { statusCode, body } = await portal.get(await open(), officer);
    expect(statusCode).toBe(200);
    for (const text of [
      'Dr Ngozi Okafor',
      '555000000101',
      'Clinical Practitioner',
      'Opened the record',
      'Care and treatment',
      'Emergency override',
      'Refused',
      '45 access records',
      '/accesses/01900000-0000-7000-8000-000000000000/proof',
    ]) {
      expect(body).toContain(text);
    }
    expect(portal.apis.calls.map(({ url }) => url)).toEqual(['/audit/v1/reports/patient-access?patient=9000000009&from=2026-11-01&to=2026-11-24&_count=20']);
  });

  it('pages to the end and back to the first page', async () => {
    const first = await portal.get(await open(), officer);
    const second = await portal.get(next(first.body), officer);
    expect(second.body).toContain('page 2');
    const third = await portal.get(next(second.body), officer);
    expect([next(third.body), third.body.match(/<tr class="nhsuk-table__row"/g)?.length]).toEqual(['', 5]);
    expect(third.body).toContain('First page');
  });

  it('filters by dates, person, outcome and reason, none of which stand in the address', async () => {
    const address = await ask('patient-access', { nhsNumber: '9000000009', person: '5550 0000 0101', outcome: '4', purpose: 'TREAT' });
    expect(address).not.toMatch(/555000|2026|9000000009/);
    const { body } = await portal.get(address, officer);
    expect(body).toContain('9 access records');
    expect(lastUrl()).toContain('patient=9000000009&user=555000000101&from=2026-11-01&to=2026-11-24&outcome=4&purpose=TREAT');
    const again = await portal.get(`${address}/change`, officer);
    expect(again.body).toContain('value="5550 0000 0101"');
  });

  it('is a link on the patient’s page', async () => {
    const { statusCode, headers } = await portal.get(`${await portal.open('9000000009', officer)}/accesses`, officer);
    expect([statusCode, String(headers.location)]).toEqual([303, expect.stringMatching(/^\/reports\/patient-access\//)]);
    expect((await portal.get(String(headers.location), officer)).body).toContain('900 000 0009');
  });

  it.each([
    ['/who-looked', '/reports/patient-access'],
    ['/user-activity', '/reports/user-access'],
  ])('%s leads to it', async (former, now) => expect((await portal.get(former, officer)).headers.location).toBe(now));
});

describe('what a user did', () => {
  const form = REPORTS.find(({ name }) => name === 'user-access') as ReportForm;
  const period = (from: string, to: string) => ({ ...dateValues('from', from), ...dateValues('to', to), person: 'Okafor' });

  it('asks for a person, and spans one month at most', () => {
    const tooLong = { to: 'The dates can span one month at most, for example 25 October to 24 November' };
    expect(checkReport(form, { ...dates, person: '' }, NOW)).toEqual({ person: 'Enter a name or a user ID' });
    expect(checkReport(form, { ...dates, person: 'O' }, NOW)).toEqual({ person: 'Enter at least 2 letters of the name' });
    expect(checkReport(form, { ...dates, person: '900 000 0009' }, NOW).person).toContain('This is an NHS number');
    expect(checkReport(form, period('2026-10-25', '2026-11-24'), NOW)).toEqual({});
    expect(checkReport(form, period('2026-10-24', '2026-11-24'), NOW)).toEqual(tooLong);
    expect(checkReport(form, period('2026-03-01', '2026-03-31'), NOW)).toEqual({});
    expect(lastMonth(NOW)).toEqual({ from: '2026-10-25', to: '2026-11-24' });
  });

  it('lists what the user did, each patient a link without the number', async () => {
    const { body } = await portal.get(await ask('user-access', { person: '555000000101' }), officer);
    expect(lastUrl()).toContain('user=555000000101');
    expect(body).toContain('900 000 0009');
    expect(body).not.toMatch(/href="[^"]*9000000009/);
  });

  it('has the officer choose where a name fits several people', async () => {
    const { body } = await portal.get(await ask('user-access', { person: 'Smith' }), officer);
    expect(lastUrl()).toContain('userName=Smith');
    const chosen = /href="([^"]+)">Dr Jo Smith 112/.exec(body)?.[1] ?? '';
    expect(chosen).not.toContain('Smith');
    expect((await portal.get(chosen, officer)).body).toContain('Dr Jo Smith 112, 555000000112');
    expect(lastUrl()).toContain('user=555000000112');
  });

  it('is not for an officer’s own activity: the guardian looks at that', async () => {
    const { statusCode, body } = await portal.get(await ask('user-access', { person: '555000000107' }), officer);
    expect([statusCode, body.includes('You cannot run a report on yourself')]).toEqual([400, true]);
  });
});

describe('who searched for whom, and activity', () => {
  it('counts searches, views and changes', async () => {
    const { body } = await portal.get(await ask('patient-enquiries', {}), officer);
    expect(body).toMatch(/Searches<\/span>7</);
    expect(body).not.toMatch(/href="[^"]*9000000009/);
  });

  it('draws a chart a kind, and gives every number as a table', async () => {
    const { body } = await portal.get(await ask('activity', {}), officer);
    expect(body.match(/<svg class="app-chart__plot"/g)).toHaveLength(5);
    expect(body).toContain('Refused, 1 November 2026 to 30 November 2026: 21 in all, at most 21 on 12 November 2026');
    expect(body).toMatch(/12 November 2026<\/th>.*?>21</s);
    expect(body).toContain('8 times as many');
    expect(body).not.toContain('style=');
  });

  it('a bar is as tall as its number, and the least is still seen', () => {
    expect(barsOf([0, 50, 100]).map(({ height }) => height)).toEqual([50, 100]);
    expect(barsOf([1, 10_000])[0]?.height).toBe(2);
    expect(barsOf([])).toEqual([]);
  });
});

describe('a report as a file', () => {
  it('is ordered, watched and fetched', async () => {
    const address = await ask('user-access', { person: '555000000101' });
    const { headers } = await portal.post(`${address}/exports`, { format: 'csv' }, officer);
    expect(portal.apis.calls.at(-1)?.body).toEqual({
      report: 'user-access',
      format: 'csv',
      parameters: { user: '555000000101', from: '2026-11-01', to: '2026-11-24' },
    });
    const running = await portal.get(String(headers.location), officer);
    expect(running.body).toContain('20 of 45 rows written');
    expect(running.body).toContain('<noscript><meta http-equiv="refresh" content="3"></noscript>');
    const ready = await portal.get(String(headers.location), officer);
    expect(ready.body).toContain('Your file is ready');
    expect(ready.body).not.toContain('http-equiv="refresh"');
    const file = await portal.get(`${String(headers.location)}/file`, officer);
    expect(file.headers).toMatchObject({ 'content-disposition': 'attachment; filename="user-access.csv"', 'cache-control': 'no-store' });
    expect(file.body).toBe('recorded,user\r\n');
  });

  it('is of a known format', async () =>
    expect((await portal.post(`${await ask('activity', {})}/exports`, { format: 'exe' }, officer)).statusCode).toBe(400));
});

describe('an access in words', () => {
  const row = { recorded: '2026-11-24T13:45:00Z', outcome: '0' };

  it('does with the least that a record may hold', () =>
    expect(describeAccess(row)).toMatchObject({
      date: '24 November 2026',
      time: '1:45pm',
      who: 'Application',
      what: 'Used the record',
      outcome: 'Done',
      reason: 'Not given',
    }));

  it.each([
    [{ interaction: 'sign-in' }, 'Signed in'],
    [{ interaction: 'role-change' }, 'Changed role'],
    [{ interaction: 'patch', resource: 'Patient' }, 'Changed the record'],
    [{ interaction: 'search-type', resource: 'Patient' }, 'Found in a search'],
    [{ interaction: 'search-type', resource: 'AuditEvent', interactionName: 'Patient access report' }, 'Ran an access report'],
    [{ interaction: 'read', resource: 'AuditEvent', interactionName: 'Prove access record' }, 'Prove access record'],
    [{ interaction: 'read', resource: 'RelatedPerson' }, 'Opened related people'],
  ])('%o: %s', (what, words) => expect(describeAccess({ ...row, ...what }).what).toBe(words));

  const related = { resource: 'RelatedPerson', interaction: 'read', outcome: '0', recorded: '2026-11-24T13:45:00.300Z' };
  const record = { resource: 'Patient', interaction: 'read', outcome: '0', recorded: '2026-11-24T13:45:00.100Z' };

  it('opening a record with its related people is one act, with the proofs of both', () => {
    const [shown, ...rest] = describeAccesses([anAccess(2, related), anAccess(4, record)]);
    expect(rest).toEqual([]);
    expect(shown).toMatchObject({ what: 'Opened the record', detail: 'With related people' });
    expect(shown?.proofs).toHaveLength(2);
  });

  it.each([
    ['another user’s', anAccess(3, record)],
    ['another patient’s', anAccess(4, { ...record, nhsNumber: '9000000017' })],
    ['a refused one', anAccess(4, { ...record, outcome: '4' })],
    ['one of long before', anAccess(4, { ...record, recorded: '2026-11-24T13:40:00Z' })],
  ])('%s stands for itself', (_, other) => expect(describeAccesses([anAccess(2, related), other])).toHaveLength(2));
});
