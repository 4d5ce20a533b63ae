import { PortalInTests, privacyOfficer, staff } from '../fixtures/portal-in-tests';
import { ASSETS_PATH } from './assets';

const portal = new PortalInTests();
beforeAll(() => portal.start());
afterAll(() => portal.stop());
afterEach(() => (portal.apis.failWith = undefined));

describe('every page', () => {
  it('allows no inline script, no inline style and no frame, and is kept nowhere', async () => {
    const { headers, body } = await portal.get(await portal.open('9000000009', staff()), staff());
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'same-origin' });
    expect(headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(body).not.toMatch(/<script(?![^>]* src=)|<style| style="| on[a-z]+="/);
  });

  it('takes its assets from addresses that change with them', async () => {
    const page = await portal.get('/');
    const assets = [...page.body.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map((match) => String(match[1]));
    expect(assets.length).toBeGreaterThan(4);
    for (const asset of assets) {
      const { statusCode, headers } = await portal.get(asset);
      expect([asset, statusCode, headers['cache-control']]).toEqual([asset, 200, 'public, max-age=31536000, immutable']);
    }
  });

  it('fetches nothing from another site', async () => {
    for (const file of ['nhsuk-frontend.css', 'portal.css', 'portal.js']) {
      expect((await portal.get(`${ASSETS_PATH}/${file}`)).body).not.toMatch(/(url\(|from ['"]|import\(['"])https?:/);
    }
  });

  it.each(['/assets/other/portal.css', `${ASSETS_PATH}/../src/config.ts`, `${ASSETS_PATH}/%2e%2e/package.json`, '/nowhere'])(
    '%s is not found',
    async (url) => {
      const { statusCode, body } = await portal.get(url, staff());
      expect(statusCode).toBe(404);
      expect(body).toContain('Page not found');
    },
  );
});

describe('who may open a page', () => {
  it.each([
    '/choose-role',
    '/find-a-patient',
    '/find-a-patient/basic',
    '/patients/x',
    '/patients/x/edit/name',
    '/who-looked',
    '/user-activity',
  ])('asks to sign in before %s', async (path) => {
    const { statusCode, headers } = await portal.get(path);
    expect([statusCode, headers.location]).toEqual([302, `/auth/login?returnTo=${encodeURIComponent(path)}`]);
  });

  it('says which permission the role lacks, once the audit service has recorded the refusal', async () => {
    const { statusCode, body } = await portal.get('/user-activity', staff());
    expect(statusCode).toBe(403);
    expect(body).toContain('Your role cannot see who looked at records');
    expect(portal.apis.calls.at(-1)).toMatchObject({ method: 'POST', url: '/audit/v1/page-refusals?permission=audit.reports' });
    portal.apis.failWith = 503;
    expect((await portal.get('/user-activity', staff())).statusCode).toBe(503); // no record, no answer
    portal.apis.failWith = undefined;
  });

  it('asks for a stronger sign-in where the role would do', async () => {
    const { statusCode, headers } = await portal.get('/who-looked', privacyOfficer({ aal: 2 }));
    expect([statusCode, headers.location]).toEqual([302, '/auth/step-up?returnTo=%2Fwho-looked']);
  });

  it('sends a user without a role to choose one', async () => {
    const noRole = { ...staff(), role: undefined, permissions: new Set<string>() };
    expect((await portal.get('/', noRole)).headers.location).toBe('/choose-role');
    expect((await portal.get('/find-a-patient', noRole)).body).toContain('Choose a role first');
    const { body } = await portal.get('/choose-role?returnTo=%2Fwho-looked', noRole);
    expect(body).toContain('value="555000000202"');
    expect(body).toContain('name="returnTo" value="/who-looked"');
  });

  it.each(['//evil.example', 'https://evil.example', '/\\evil.example', 'javascript:alert(1)'])('never returns to %s', async (returnTo) =>
    expect((await portal.get(`/choose-role?returnTo=${encodeURIComponent(returnTo)}`, staff())).body).toContain(
      'name="returnTo" value="/"',
    ),
  );
});

describe('signing in and out', () => {
  it.each(['cancelled', 'assurance', 'authenticator', 'role', 'organisation', 'workgroup', 'failed', 'constructor', ''])(
    'explains %s',
    async (reason) => {
      const { statusCode, body } = await portal.get(`/sign-in-problem?reason=${reason}`);
      expect(statusCode).toBe(200);
      expect(body).not.toMatch(/token|signature|nonce|undefined/i);
    },
  );

  it.each([
    ['idle', 'not active'],
    ['elsewhere', 'somewhere else'],
    ['logout', 'You have signed out'],
    ['<script>', 'You have signed out'],
  ])('says why: %s', async (reason, words) =>
    expect((await portal.get(`/signed-out?reason=${encodeURIComponent(reason)}`)).body).toContain(words),
  );

  it('says without a script how long one may be idle', async () =>
    expect((await portal.get('/find-a-patient', staff())).body).toContain('signed out after 15 minutes without activity'));
});

describe('when something fails', () => {
  it.each([500, 502, 503, 429])('a part that answers %d is not available, and the rest works', async (status) => {
    const patient = await portal.open('9000000009', staff());
    portal.apis.failWith = status;
    const { statusCode, body } = await portal.get(patient, staff());
    expect(statusCode).toBe(503);
    expect(body).toContain('Patient demographics is not available right now');
    expect((await portal.get('/find-a-patient', staff())).statusCode).toBe(200);
  });

  it('an API that refuses is a missing permission', async () => {
    const patient = await portal.open('9000000009', staff());
    portal.apis.failWith = 403;
    expect((await portal.get(patient, staff())).statusCode).toBe(403);
  });

  it('a link of another session does not open', async () => {
    const patient = await portal.open('9000000009', staff());
    const other = { ...staff(), session: { id: 'another', idleSeconds: 900, roles: [] } };
    const { statusCode, body } = await portal.get(patient, other);
    expect(statusCode).toBe(404);
    expect(body).toContain('This link does not work any more');
  });

  it.each(['/patients/%E0%A4%A', `/patients/${'x'.repeat(5000)}`, '/find-a-patient/results/..%2f..%2f', '/patients/x/edit/nothing'])(
    '%s is no server error',
    async (url) => expect((await portal.get(url, staff())).statusCode).toBeLessThan(500),
  );

  it.each(['application/json', 'text/plain', 'multipart/form-data'])('a form sent as %s is an empty one', async (type) => {
    const { contextOf } = await import('@carespine/test-kit');
    const headers = { ...(await contextOf(staff())), 'content-type': type };
    const { statusCode, body } = await portal.app.inject({ method: 'POST', url: '/find-a-patient', headers, payload: '{' });
    expect(statusCode).toBe(400);
    expect(body).toContain('Enter an NHS number');
  });
});
