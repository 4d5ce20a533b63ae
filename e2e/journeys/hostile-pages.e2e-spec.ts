import { addPatients, aPatient } from '../patients';
import { thePlatform } from '../platform';
import { Visitor } from './visitor';

const { url } = thePlatform();
const MARKUP = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>';
const patient = aPatient({
  address: [{ id: 'A1', use: 'home', line: [MARKUP, '"><svg onload=window.pwned=1>', '', "{{7*7}} ${7*7} javascript:alert('x')"], postalCode: 'LS1 6AE', period: { start: '2015-06-01' } }],
  telecom: [{ id: 'T1', system: 'phone', use: 'mobile', value: '<b>07700900982</b>', period: { start: '2015-06-01' } }],
});

beforeAll(() => addPatients(thePlatform(), patient));

async function clinician(): Promise<Visitor> {
  const visitor = await Visitor.signIn('Dr Ngozi Okafor');
  await visitor.sees('What do you want to do?');
  return visitor;
}

describe('what a record or a form holds', () => {
  it('is shown as text, also where it looks like a page', async () => {
    const visitor = await clinician();
    await visitor.open(patient.id);
    await visitor.sees('Patient details');
    for (const written of ['<img src=x', '<svg onload', '{{7*7}} ${7*7}', '<b>07700900982</b>']) expect(await visitor.text()).toContain(written);
    await visitor.link('Change home address');
    await visitor.sees('Change home address');
    expect(await visitor.page.getByLabel('Building or house name').inputValue()).toBe(MARKUP);
    await visitor.page.goto('/find-a-patient/basic');
    await visitor.fill({ 'Last name': MARKUP.slice(0, 35), 'Date of birth': '4 3 1985' });
    await visitor.button('Search');
    await visitor.page.getByRole('heading', { level: 1 }).waitFor();
    expect(await visitor.text()).toContain('<img src=x');
    expect(await visitor.page.evaluate('window.pwned')).toBeUndefined();
  });

  it('cannot bring a script along: the content security policy has none of it', async () => {
    const visitor = await Visitor.arrive();
    const policy = (await visitor.page.goto('/'))?.headers()['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|data:|script-src[^;]*http/);
    for (const rule of ["script-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"]) expect(policy).toContain(rule);
  });
});

describe('addresses', () => {
  it('of a patient open in the session that they were made in, and nowhere else', async () => {
    const visitor = await clinician();
    await visitor.open(patient.id);
    await visitor.sees('Patient details');
    const address = visitor.page.url();
    const [start, reference = ''] = address.split('/patients/');
    const other = await Visitor.signIn('Ms Priya Nair');
    await other.sees('What do you want to do?');
    const damaged = [reference.slice(0, -4), `${reference.slice(0, 60)}A${reference.slice(61)}`, 'eyJhbGciOiJub25lIn0.e30.', 'x', 'x'.repeat(3000), `${reference}/edit/none`];
    for (const [who, wrong] of [[other, address], ...damaged.map((one) => [visitor, `${start}/patients/${one}`] as const)] as const) {
      const answer = await who.page.goto(wrong);
      expect([wrong.length, answer?.status()]).toEqual([wrong.length, 404]);
      expect(await who.text()).not.toContain(patient.id);
    }
    await visitor.page.goto(address);
    await visitor.sees('Patient details');
  });

  it.each(['https://evil.example/', '//evil.example/', '/\\evil.example', '/%5cevil.example', 'javascript:alert(1)', '/\t/evil.example', '/auth/logout/../../..//evil.example'])(
    'to return to after signing in are our own: not %s',
    async (returnTo) => {
      const visitor = await Visitor.arrive();
      await visitor.page.goto(`/auth/login?returnTo=${encodeURIComponent(returnTo)}`);
      await visitor.identify('Dr Ngozi Okafor');
      await visitor.page.waitForURL((address) => address.origin === url && address.pathname !== '/auth/callback');
      await visitor.page.getByRole('heading', { level: 1 }).waitFor();
      expect(new URL(visitor.page.url()).origin).toBe(url);
    },
  );
});

describe('forms that no page of ours would send', () => {
  const form = (fields: Record<string, string> | string): string => (typeof fields === 'string' ? fields : new URLSearchParams(fields).toString());
  const URLENCODED = 'application/x-www-form-urlencoded';

  it('are refused with a page, and the session goes on', async () => {
    const visitor = await clinician();
    const cookie = await visitor.sessionCookie();
    const post = async (path: string, body: string | Buffer, type = URLENCODED) => {
      const answer = await visitor.page.request.post(path, { data: body, headers: { 'content-type': type, origin: url }, maxRedirects: 0 });
      return { status: answer.status(), text: await answer.text(), location: answer.headers()['location'] };
    };
    const refused: [string, string | Buffer, string?][] = [
      ['/find-a-patient', ''],
      ['/find-a-patient', form({ nhsNumber: 'x'.repeat(900_000) })],
      ['/find-a-patient', `nhsNumber=${patient.id}&nhsNumber=1`],
      ['/find-a-patient', `nhsNumber[]=${patient.id}`],
      ['/find-a-patient', '__proto__[nhsNumber]=1&constructor=2'],
      ['/find-a-patient', '%'],
      ['/find-a-patient', JSON.stringify({ nhsNumber: [patient.id] }), 'application/json'],
      ['/find-a-patient', '{', 'application/json'],
      ['/find-a-patient', Buffer.from([0xff, 0xfe, 0x00])],
      ['/find-a-patient', 'x', 'multipart/form-data; boundary=x'],
      ['/find-a-patient', 'x', 'text/plain'],
      ['/find-a-patient/basic', form({ family: '\0', 'birth-day': '-1', 'birth-month': '1e9', 'birth-year': 'NaN' })],
      ['/find-a-patient/advanced', form({ family: 'x'.repeat(101), 'birth-day': '31', 'birth-month': '2', 'birth-year': '1985' })],
      ['/find-a-patient/none', form({ family: 'x' })],
      ['/patients/x/edit/name', form({ version: '1' })],
      ['/auth/role', form({ roleId: 'x' })],
      ['/auth/role', ''],
      ['/reports/patient-access', form({ nhsNumber: patient.id })],
      ['/desk/alerts/AL-1/close', form({ version: '1' })],
      ['/subject-access/new', form({ nhsNumber: patient.id })],
    ];
    for (const [path, body, type] of refused) {
      const { status, text } = await post(path, body, type);
      expect([path, String(body).slice(0, 60), type, Math.floor(status / 100)]).toEqual([path, String(body).slice(0, 60), type, 4]);
      expect(text).not.toMatch(/\n\s+at |node_modules|\.[jt]s:\d/);
    }
    // somebody else's role: said on a page of its own
    expect((await post('/auth/role', form({ roleId: '555000001107' }))).location).toBe('/sign-in-problem?reason=role');
    expect(await visitor.sessionCookie()).toBe(cookie);
    await visitor.page.goto('/find-a-patient');
    await visitor.sees('Find a patient');
  });

  it('that are far too large are refused as such', async () => {
    const visitor = await clinician();
    for (const bytes of [1_100_000, 3_000_000]) {
      const answer = await visitor.page.request.post('/find-a-patient', { data: 'x'.repeat(bytes), headers: { 'content-type': URLENCODED, origin: url }, maxRedirects: 0 });
      expect([bytes, answer.status()]).toEqual([bytes, 413]);
    }
  });

  it('from another site are refused, whatever they ask for', async () => {
    const visitor = await clinician();
    for (const [path, headers] of [
      ['/auth/logout', { 'sec-fetch-site': 'cross-site' }],
      ['/auth/role', { origin: 'https://evil.example' }],
      ['/auth/keep-alive', { origin: 'null' }],
      ['/find-a-patient', {}],
    ] as [string, Record<string, string>][]) {
      const answer = await visitor.page.request.post(path, { data: 'roleId=1', headers: { 'content-type': URLENCODED, ...headers }, maxRedirects: 0 });
      expect([path, answer.status()]).toEqual([path, 403]);
    }
    await visitor.page.goto('/find-a-patient');
    await visitor.sees('Find a patient');
  });
});
