import { PortalInTests, privacyOfficer, staff } from '../fixtures/portal-in-tests';

const portal = new PortalInTests();
beforeAll(() => portal.start());
afterAll(() => portal.stop());
beforeEach(() => (portal.apis.calls.length = 0));

const officer = privacyOfficer({ userId: '555000000107', name: 'Mrs Margaret Holloway' });
const get = async (url: string) => (await portal.get(url, officer)).body;
const lastPosted = () => portal.apis.calls.findLast(({ method }) => method === 'POST')?.body;

describe('the list of alerts', () => {
  it('names no patient and no user, and counts by state', async () => {
    const body = await get('/desk/alerts');
    for (const text of ['AL-1000', 'Permission to view overridden', '<strong>13</strong> new', '25 alerts']) expect(body).toContain(text);
    expect(body).not.toMatch(/900 ?000 ?0009|555000000101|Okafor/);
  });

  it('is filtered by state, rule, assignee, escalation and date, and paged', async () => {
    const body = await get('/desk/alerts?status-new=yes&status-closed=yes&assignee=none&escalated=yes&from-day=1&from-month=11&from-year=2026');
    const query = portal.apis.calls.at(-1)?.url ?? '';
    expect(query).toContain('status=new&status=closed&assignee=none&escalated=true&from=2026-11-01&_count=20');
    expect(body).toContain('Show all');
    const next = /href="([^"]+)" rel="next"/.exec(await get('/desk/alerts'))?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(await get(next)).toContain('AL-1024');
  });

  it('shows filters that are wrong again', async () => {
    const { statusCode, body } = await portal.get('/desk/alerts?from-day=40&from-month=1&from-year=2026&rule=No+rule', officer);
    expect([statusCode, body.includes('href="#from-day"'), body.includes('href="#rule"')]).toEqual([400, true, true]);
  });
});

describe('an alert', () => {
  it('says what happened, with its evidence, its history and ways on', async () => {
    const body = await get('/desk/alerts/AL-1001');
    for (const text of ['The user’s own record', 'Dr Ngozi Okafor', '900 000 0009', 'Patient was unconscious', 'Assigned to Mrs Margaret Holloway', 'Close it']) {
      expect(body).toContain(text);
    }
    expect(body).toMatch(/href="\/accesses\/[\w-]+\/proof"/);
    expect(body).not.toMatch(/href="[^"]*(9000000009|555000000101)/);
    const report = /href="(\/reports\/patient-access\/[^"]+)"/.exec(body)?.[1] ?? '';
    expect(await get(report)).toContain('45 access records');
  });

  it.each(['/desk/alerts/none', '/desk/alerts/..%2fpolicy', '/desk/alerts/AL-1000/nothing'])('%s is not found', async (url) =>
    expect((await portal.get(url, officer)).statusCode).toBe(404));

  it('is for officers alone', async () => expect((await portal.get('/desk/alerts/AL-1000', staff())).statusCode).toBe(403));

  it('is started with one button', async () => {
    const { headers } = await portal.post('/desk/alerts/AL-1000/investigate', { version: '1', seen: '1' }, officer);
    expect(headers.location).toBe('/desk/alerts/AL-1000?done=investigate');
    expect(lastPosted()).toEqual({ version: 1, step: 'investigate' });
    expect(await get(String(headers.location))).toContain('The alert was updated');
  });

  it('is closed with an outcome and a note, each asked for by name', async () => {
    const refused = await portal.post('/desk/alerts/AL-1001/close', { version: '1', seen: '2', outcome: 'duplicate' }, officer);
    expect(refused.statusCode).toBe(400);
    for (const error of ['Enter what you found', 'Enter the reference of the other alert']) expect(refused.body).toContain(error);
    const closed = await portal.post('/desk/alerts/AL-1001/close', { version: '1', seen: '2', outcome: 'appropriate', note: 'Own child.\nRota seen.' }, officer);
    expect(closed.statusCode).toBe(303);
    expect(lastPosted()).toEqual({ version: 1, step: 'close', outcome: 'appropriate', note: 'Own child.\nRota seen.' });
  });

  it('that somebody else moved meanwhile shows what they did, and keeps what was typed', async () => {
    await portal.post('/desk/alerts/AL-1005/note', { version: '1', seen: '2', note: 'First' }, officer);
    const { statusCode, body } = await portal.post('/desk/alerts/AL-1005/note', { version: '1', seen: '2', note: 'My long <note>' }, officer);
    expect(statusCode).toBe(409);
    for (const text of ['Somebody else changed this alert', 'First', 'My long &lt;note&gt;</textarea>', 'name="version" value="2"']) expect(body).toContain(text);
    expect(body.match(/<li class="app-timeline__entry">/g)).toHaveLength(1);
    const again = await portal.post('/desk/alerts/AL-1005/note', { version: '2', seen: '3', note: 'My long <note>' }, officer);
    expect(again.statusCode).toBe(303);
  });

  it('that can no longer be closed gives the words back to copy', async () => {
    await portal.post('/desk/alerts/AL-1009/close', { version: '1', outcome: 'appropriate', note: 'Done' }, officer);
    const { statusCode, body } = await portal.post('/desk/alerts/AL-1009/close', { version: '1', seen: '2', outcome: 'inappropriate', note: 'Not so' }, officer);
    expect([statusCode, body.includes('cannot be done any more'), body.includes('Not so</textarea>')]).toEqual([409, true, true]);
    expect(body).not.toContain('Close alert');
  });

  it('is not given to the person whom it is about', async () => {
    const { statusCode, body } = await portal.post('/desk/alerts/AL-1013/assign', { version: '1', assignee: '555000000108' }, officer);
    expect([statusCode, body.includes('This person cannot handle the alert')]).toEqual([400, true]);
  });
});

describe('the desk', () => {
  it('shows what waits: counts, overdue, own alerts, the sample, requests', async () => {
    const body = await get('/desk');
    for (const text of ['<strong>', 'new for more than 7 days', 'Assigned to you', 'The next sample is due', 'SAR-1000', 'SAR-1001']) expect(body).toContain(text);
    expect(body).not.toContain('not available');
  });

  it('is in the navigation of those permitted alone', async () => {
    expect(await get('/')).toContain('href="/desk"');
    expect((await portal.get('/', staff())).body).not.toContain('href="/desk"');
  });

  it('leaves out what cannot be had', async () => {
    portal.apis.failWith = 503;
    const body = await get('/desk');
    portal.apis.failWith = undefined;
    expect(body).toContain('Alerts are not available right now');
  });
});
