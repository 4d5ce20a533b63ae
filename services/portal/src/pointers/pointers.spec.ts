import { PortalInTests, staff } from '../fixtures/portal-in-tests';

const portal = new PortalInTests();
beforeAll(() => portal.start());
afterAll(() => portal.stop());

const administrator = staff({ activityCodes: ['B0062'], jobRole: 'R8015' });
const producer = staff({ activityCodes: ['B0264', 'B0815'] });

describe('the pointers of the own organisation', () => {
  it('are counted by type, with what could not be opened and whose fault it was, and no patient', async () => {
    const { body } = await portal.get('/pointers', administrator);
    for (const text of ['1,234', 'End of life care coordination summary', 'did not answer in time', 'PROVIDER_TIMEOUT', '24 November 2026, 10:00am']) {
      expect(body).toContain(text);
    }
    expect(body).not.toMatch(/900 ?000 ?0009/);
  });

  it('come in pages', async () => {
    const next = /href="(\/pointers\?after=[^"]+)"/.exec((await portal.get('/pointers', producer)).body)?.[1] ?? '';
    const { body } = await portal.get(next, producer);
    expect(portal.apis.calls.at(-1)?.url).toContain('after=a-place');
    expect(body).toContain('First page');
    expect((await portal.get('/pointers?after=forged', producer)).statusCode).toBe(404);
  });

  it('are opened, with their patient, by those who produce them alone', async () => {
    const at = /href="(\/pointers\/[^"]+)"/.exec((await portal.get('/pointers', producer)).body)?.[1] ?? '';
    expect((await portal.get(at, producer)).body).toContain('900 000 0009');
    expect((await portal.get('/pointers', administrator)).body).not.toContain('href="/pointers/');
    expect((await portal.get(at, administrator)).statusCode).toBe(403);
  });

  it('stand in the menu of those who may see them alone', async () => {
    expect((await portal.get('/', producer)).body).toContain('href="/pointers"');
    expect((await portal.get('/', producer)).body).not.toContain('href="/pointer-permissions"');
    expect((await portal.get('/', staff({ activityCodes: ['B0264'] }))).body).not.toContain('href="/pointers"');
  });
});

describe('types of record', () => {
  it('are given to an application, for the own organisation', async () => {
    const { headers } = await portal.post('/pointer-permissions/new', { side: 'consumer', application: 'ward-system', 'types-736253002': 'yes' }, administrator);
    expect(headers.location).toBe('/pointer-permissions?done=granted');
    expect(portal.apis.calls.at(-1)).toMatchObject({
      method: 'PUT',
      url: '/record-locator/v1/permissions/RZZ01/ward-system/consumer',
      body: { types: ['http://snomed.info/sct|736253002'], access_controls: [] },
    });
    const again = await portal.post('/pointer-permissions/new', { side: 'consumer', application: 'ward-system', 'types-736253002': 'yes' }, administrator);
    expect(again.body).toContain('There is such a permission already');
  });

  it('need a side, a client id that is one, and a type', async () => {
    const { statusCode, body } = await portal.post('/pointer-permissions/new', { application: 'a b' }, administrator);
    expect(statusCode).toBe(400);
    for (const text of ['Select what they may do', 'Enter a client ID', 'Select at least one type']) expect(body).toContain(text);
  });

  it('are changed, and withdrawn after a question', async () => {
    const at = '/pointer-permissions/RZZ01/example-care-planning/producer';
    expect((await portal.get(at, administrator)).body).toMatch(/value="yes" checked[^>]*>\s*<label[^>]*>\s*Mental health crisis plan/);
    await portal.post(at, { 'controls-allow_all_types': 'yes' }, administrator);
    expect(portal.apis.calls.at(-1)?.body).toEqual({ types: [], access_controls: ['allow_all_types'] });
    expect((await portal.get(`${at}/withdraw`, administrator)).body).toContain('Withdraw this permission?');
    expect((await portal.post(`${at}/withdraw`, {}, administrator)).headers.location).toBe('/pointer-permissions?done=withdrawn');
    expect((await portal.get(at, administrator)).statusCode).toBe(404);
  });

  it('are not for those who do not set an organisation up', async () => {
    for (const path of ['/pointer-permissions', '/pointer-permissions/new']) expect((await portal.get(path, producer)).statusCode).toBe(403);
  });
});
