import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { contextOf, eventually } from '@carespine/test-kit';
import { PortalInTests, staff } from '../fixtures/portal-in-tests';
import { dateValues } from '../forms/form';
import { treeOf } from './record-tree';

const portal = new PortalInTests();
beforeAll(() => portal.start());
afterAll(() => portal.stop());
afterEach(() => {
  portal.apis.locator.failing = portal.apis.locator.coming = undefined;
});

const nurse = staff();
const list = async (nhsNumber = '9000000009', who = nurse) => portal.get(`${await portal.open(nhsNumber, who)}/records`, who);
/** Addresses of documents in the order of the list. */
const documents = async (): Promise<string[]> => [...(await list()).body.matchAll(/href="(\/records\/[^"]+)"/g)].map((match) => String(match[1]));
const [PDF, CONTACT, PAGE, DATA, VIEWER] = [0, 1, 2, 3, 4]; // by category

describe('a patient’s records held elsewhere', () => {
  it('are offered from the patient’s page to those who may see them', async () => {
    expect((await portal.get(await portal.open('9000000009', nurse), nurse)).body).toContain('/records"');
    const receptionist = staff({ activityCodes: ['B0254', 'B0820'] });
    const patient = await portal.open('9000000009', receptionist);
    expect((await portal.get(patient, receptionist)).body).not.toContain('/records"');
    expect((await portal.get(`${patient}/records`, receptionist)).statusCode).toBe(403);
  });

  it('say type, who holds it by name or code, date and how it opens, by category', async () => {
    const { body } = await list();
    for (const text of ['End of life care coordination summary', 'Example Community NHS Trust', 'Y12345', '14 September 2026', '3 May 2025', 'Care plan', 'Record headings', 'PDF', 'Who to contact']) {
      expect(body).toContain(text);
    }
  });

  it('are asked for by post, in the name of the user’s organisation', async () => {
    await list();
    const call = portal.apis.calls.findLast(({ url }) => url.endsWith('_search'));
    expect(call).toMatchObject({ method: 'POST', body: { 'subject:identifier': 'https://fhir.nhs.uk/Id/nhs-number|9000000009' } });
    expect(call?.headers).toMatchObject({ 'nhsd-end-user-organisation-ods': 'RZZ01', 'x-request-id': expect.stringMatching(/^[\da-f-]{36}$/) as string });
  });

  it('are narrowed down by type, organisation and date, none of it readable in the address', async () => {
    const at = `${await portal.open('9000000009', nurse)}/records`;
    const narrowed = async (form: Record<string, string>) => {
      const { headers } = await portal.post(at, form, nurse);
      expect(headers.location).not.toMatch(/9000000009|736253002|RZZ02|2026/);
      return (await portal.get(String(headers.location), nurse)).body;
    };
    expect(await narrowed({ type: '736253002' })).toContain('2 records of 4');
    expect(await narrowed({ organisation: 'Y12345' })).toContain('1 record of 4');
    expect(await narrowed({ ...dateValues('from', '2025-05-03'), ...dateValues('to', '2025-05-03') })).toContain('1 record of 4');
    expect(await narrowed({ ...dateValues('from', '2027-01-01') })).toContain('There are no records like this');
    const wrong = await portal.post(at, { 'from-day': '31', 'from-month': '2', 'from-year': '2026' }, nurse);
    expect([wrong.statusCode, wrong.body.includes('From must be a real date')]).toEqual([400, true]);
  });

  it('go by the date of the document, else of the care, and say so when it is neither', async () => {
    const [first, second] = portal.apis.locator.records;
    first!.content[0]!.attachment.creation = '2019-03';
    second!.context = { period: { start: '2020-06-30T23:30:00Z' } };
    const { body } = await portal.get(`${await portal.open('9000000009', nurse)}/records?view=timeline`, nurse);
    expect([...body.matchAll(/<p class="app-note">([^,]*),/g)].map(([, date]) => date?.replace(/<[^>]*>/g, ''))).toEqual([
      '3 May 2025 (registered here)',
      '2 January 2025 (registered here)',
      '1 July 2020 (start of care)',
      'March 2019',
    ]);
    const narrowed = await portal.post(`${await portal.open('9000000009', nurse)}/records`, { ...dateValues('from', '2019-03-15'), ...dateValues('to', '2019-04-01') }, nurse);
    expect((await portal.get(String(narrowed.headers.location), nurse)).body).toContain('1 record of 4'); // it may be of the 15th
    delete first!.content[0]!.attachment.creation;
    second!.context = {};
  });

  it('stand on a timeline too', async () => {
    const { body } = await portal.get(`${await portal.open('9000000009', nurse)}/records?view=timeline`, nurse);
    expect([...body.matchAll(/id="year-(\d+)"/g)].map((match) => match[1])).toEqual(['2026', '2025']);
  });

  it('are not opened by a role that may only see that they exist', async () => {
    const secretary = staff({ activityCodes: ['B0264', 'B0820'] });
    const { body } = await list('9000000009', secretary);
    expect(body).toContain('does not open it');
    expect(body).not.toContain('href="/records/');
    const [document = ''] = await documents();
    expect((await portal.get(document, secretary)).statusCode).toBe(403);
  });

  it('of a sensitive patient: says why there are none', async () => {
    expect((await list('9000000025')).body).toContain('where records are held is hidden');
  });
});

describe('opening a document', () => {
  const open = async (which: number, rest = '') => portal.get(`${(await documents())[which]}${rest}`, nurse);

  it('a PDF is drawn in a frame of no origin, and saved where there is no script', async () => {
    const page = await open(PDF);
    expect(page.body).toMatch(/<iframe class="app-document" data-src="\/records\/[^"]+\/pdf" sandbox="allow-scripts" /);
    expect(page.body).toMatch(/href="\/records\/[^"]+\/file"/);
    const frame = await open(PDF, '/pdf');
    expect(frame.headers['content-security-policy']).toMatch(/^sandbox allow-scripts; default-src 'none';.*frame-ancestors 'self'$/);
    expect(frame.body).not.toContain('End of life');
    const { headers, body } = await open(PDF, '/file');
    expect(body.slice(0, 8)).toBe('%PDF-1.7');
    expect(headers).toMatchObject({
      'content-type': 'application/pdf',
      'content-disposition': 'attachment; filename="End-of-life-care-coordination-summary-14-September-2026.pdf"',
      'content-security-policy': expect.stringContaining('sandbox') as string,
      'x-content-type-options': 'nosniff',
    });
  });

  it('a page stands in a frame of no origin', async () => {
    const page = await open(PAGE);
    expect(page.body).toMatch(/<iframe class="app-document" src="\/records\/[^"]+\/page" sandbox /);
    expect(page.headers['content-security-policy']).toContain("frame-src 'self'");
    const { headers, body } = await open(PAGE, '/page');
    expect(body).toContain('<h1>Plan</h1>');
    expect(headers['content-security-policy']).toMatch(/^sandbox; default-src 'none';.*form-action 'none'.*frame-ancestors 'self'/);
    expect(headers['x-frame-options']).toBe('SAMEORIGIN');
  });

  it('a page names the character set that its provider named, and no other', async () => {
    expect((await open(PAGE, '/page')).headers['content-type']).toBe('text/html');
  });

  it('a page is shown whole or not at all', async () => {
    portal.apis.locator.coming = 'broken';
    const broken = await open(PAGE, '/page');
    expect([broken.statusCode, broken.headers['content-type']]).toEqual([502, 'text/html; charset=utf-8']);
    expect(broken.body).toContain('a part of it is not shown');
    expect(broken.body).toContain('01632 960 102');
    portal.apis.locator.coming = 'large';
    expect((await open(PAGE, '/page')).body).toContain('too large to be shown here');
    expect((await open(PAGE)).body).toMatch(/href="\/records\/[^"]+\/file"/);
    const file = await open(PAGE, '/file');
    expect([file.body.length, file.headers['content-disposition']]).toEqual([6_000_000, expect.stringMatching(/^attachment; filename="[\w-]+\.html"$/)]);
  });

  it('a structured record that breaks off says whom to ask, and for support the request', async () => {
    portal.apis.locator.coming = 'broken';
    const { statusCode, body } = await open(DATA);
    const asked = portal.apis.calls.findLast(({ url }) => url.includes('$retrieve'));
    expect(statusCode).toBe(502);
    for (const text of ['broke off', 'Example Community NHS Trust', '01632 960 102', String(asked?.headers['x-request-id'])]) expect(body).toContain(text);
  });

  it('a structured record that does not end is given up before the gateway gives us up', async () => {
    const document = (await documents())[DATA] ?? '';
    const headers = await contextOf(nurse);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date', 'hrtime', 'setInterval'] });
    try {
      portal.apis.locator.coming = 'in-part';
      portal.apis.locator.left = undefined;
      const asking = portal.app.inject({ url: document, headers });
      await eventually(() => Promise.resolve(expect(portal.apis.locator.left).toBeDefined()));
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate); // the part has come by then
      jest.advanceTimersByTime(29_000);
      const { statusCode, body } = await asking;
      expect([statusCode, body.includes('did not answer in time'), body.includes('01632 960 102')]).toEqual([504, true, true]);
      await portal.apis.locator.left;
    } finally {
      jest.useRealTimers();
    }
  });

  it.each(['never', 'in-part'] as const)('is asked for no longer when the browser leaves (what comes: %s)', async (coming) => {
    const document = `${(await documents())[PDF]}/file`;
    const server = portal.app.getHttpServer();
    if (!server.listening) await portal.app.listen(0, '127.0.0.1');
    const { port } = server.address() as AddressInfo;
    portal.apis.locator.coming = coming;
    portal.apis.locator.left = undefined;
    const asking = get({ port, path: document, headers: await contextOf(nurse) }).on('error', () => undefined);
    await eventually(() => Promise.resolve(expect(portal.apis.locator.left).toBeDefined()));
    asking.destroy();
    await portal.apis.locator.left;
  });

  it('a structured record is a tree, and a file', async () => {
    const { body } = await open(DATA);
    expect(body).toContain('&lt;b&gt;Plan&lt;/b&gt;');
    const file = await open(DATA, '/file');
    expect(file.headers['content-disposition']).toContain('attachment');
  });

  it('a tree that is too deep or too large is a file alone', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 40; depth++) deep = [deep];
    expect(treeOf(deep)).toBeUndefined();
    expect(treeOf(Array.from({ length: 5000 }))).toBeUndefined();
    expect(treeOf({ a: [1] })).toEqual([{ name: 'a', children: [{ name: '1', text: '1' }] }]);
  });

  it('a contact page opens in a new tab that learns nothing', async () => {
    expect((await open(CONTACT)).body).toContain('<a href="https://provider.example.nhs.uk/there" target="_blank" rel="noopener noreferrer">');
  });

  it('a viewer gets its token by post, from the one page that may post there', async () => {
    const { body, headers } = await open(VIEWER);
    expect(body).toContain('<form action="https://provider.example.nhs.uk/there" method="post" target="_blank"');
    expect(body).toContain('name="token" value="a-launch-token"');
    expect(headers['content-security-policy']).toMatch(/form-action 'self' \S+ https:\/\/provider\.example\.nhs\.uk;/);
  });

  it('that fails says whose fault it is, whom to ask and the request, and offers another try', async () => {
    portal.apis.locator.failing = { code: 'PROVIDER_TIMEOUT', status: 504 };
    const { statusCode, body } = await open(PDF, '/file');
    expect(statusCode).toBe(504);
    const asked = portal.apis.calls.at(-2)?.url.includes('$retrieve') ? portal.apis.calls.at(-2) : portal.apis.calls.findLast(({ url }) => url.includes('$retrieve'));
    for (const text of ['is listed', 'on the side of the organisation', 'did not answer in time', 'Example Community NHS Trust', '01632 960 102', 'Try again', String(asked?.headers['x-request-id'])]) {
      expect(body).toContain(text);
    }
    const framed = await open(PAGE, '/page');
    expect([framed.statusCode, framed.body.includes('did not answer in time')]).toEqual([504, true]);
    portal.apis.locator.failing = { code: 'PROXY_PROVIDER_NOT_REGISTERED', status: 501 };
    const { body: unregistered } = await open(PDF, '/file');
    expect(unregistered).toContain('The fault is on our side');
    const contact = /href="(\/records\/[^"]+)">Who to contact at/.exec(unregistered)?.[1] ?? '';
    portal.apis.locator.failing = undefined;
    expect((await portal.get(contact, nurse)).body).toContain('https://provider.example.nhs.uk/there');
  });

  it('that was withdrawn meanwhile is told so', async () => {
    const [, , , , viewer = ''] = await documents();
    const [gone] = portal.apis.locator.records.splice(2, 1);
    const { statusCode, body } = await portal.get(viewer, nurse);
    if (gone) portal.apis.locator.records.splice(2, 0, gone);
    expect([statusCode, body.includes('not listed any more')]).toEqual([404, true]);
  });

  it('needs the session that the address was made in', async () => {
    const other = { ...nurse, session: { id: 'another', idleSeconds: 900, roles: [] } };
    expect((await portal.get((await documents())[PDF] ?? '', other)).body).toContain('This link does not work any more');
    expect((await portal.get(`/records/${(await portal.open('9000000009', nurse)).split('/').at(-1)}`, nurse)).statusCode).toBe(404);
  });
});
