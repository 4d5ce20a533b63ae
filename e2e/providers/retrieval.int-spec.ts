import { decodeProtectedHeader, jwtVerify } from 'jose';
import { Outcome } from '@carespine/contracts';
import { anApplication, aUser, contextOf, eventually, launchChromium } from '@carespine/test-kit';
import { ASID, auditKeys, NHS_NUMBER, portOf, PUBLIC_HOST, Retrievals } from './fixture';

describe('retrieving the document behind a pointer', () => {
  let retrievals: Retrievals;
  beforeAll(async () => {
    retrievals = await Retrievals.start();
  });
  afterAll(() => retrievals.stop());
  const lastRequest = () => retrievals.provider.requests.at(-1)!;

  it.each([
    ['Direct', undefined],
    ['SSP', 'ssp'],
    ['LDR', 'ssp'],
  ])('gives its bytes by %s', async (mechanism, scheme) => {
    const origin = scheme ? retrievals.provider.origin.replace('https', scheme) : '';
    const { status, headers, text } = await retrievals.retrieve({ url: `${origin}/documents/end-of-life-care-plan.pdf`, mechanism, asid: '300000000009' });
    expect([status, headers.get('content-type'), text.slice(0, 5)]).toEqual([200, 'application/pdf', '%PDF-']);
    expect(lastRequest()).toMatchObject({ method: 'GET', path: '/documents/end-of-life-care-plan.pdf' });
  });

  it('says to the provider who asks, for whom and under which trace, and no more', async () => {
    const requestId = '11111111-2222-4333-8444-555555555555';
    await retrievals.retrieve({ asid: '300000000009' }, { headers: { 'x-request-id': requestId, cookie: 'session=ours', 'x-custom': 'x' } });
    const { headers } = lastRequest();
    expect(headers).toEqual({
      host: `127.0.0.1:${retrievals.provider.port}`,
      connection: 'keep-alive',
      authorization: expect.stringMatching(/^Bearer /) as string,
      accept: 'application/pdf',
      'accept-encoding': 'identity',
      'ssp-traceid': requestId,
      'ssp-from': ASID,
      'ssp-to': '300000000009',
      'ssp-interactionid': 'urn:nhs:names:services:nrl:DocumentReference.content.read',
    });
    const { payload } = await jwtVerify(headers.authorization!.slice('Bearer '.length), auditKeys, { audience: retrievals.provider.origin });
    expect(payload).toMatchObject({ requesting_user: '555000000101', sub: '555000000101', requesting_organization: 'RZZ01', requesting_system: ASID, reason_for_request: 'directcare' });
  });

  it('takes the system id of the registry where the pointer names none', async () => {
    await retrievals.retrieve({ mechanism: 'SSP' });
    expect(lastRequest().headers['ssp-to']).toBe('300000000001');
    expect(await retrievals.retrieve({ mechanism: 'SSP', custodian: 'RQX08' })).toMatchObject({ status: 501, code: 'PROXY_PROVIDER_NOT_REGISTERED' });
  });

  it('sends an unsigned token to a provider that takes no other', async () => {
    await retrievals.retrieve({ custodian: 'RQX05' });
    expect(decodeProtectedHeader(lastRequest().headers.authorization!.slice('Bearer '.length)).alg).toBe('none');
  });

  it('shows its own certificate to a provider that asks for one', async () => {
    expect((await retrievals.retrieve({ url: '/mutual' })).status).toBe(200);
  });

  it('serves a supplier without a user, for the organisation that it acts for', async () => {
    expect((await retrievals.retrieve({}, { who: anApplication(), headers: { 'nhsd-end-user-organisation-ods': 'RZZ03' } })).status).toBe(200);
    const { payload } = await jwtVerify(lastRequest().headers.authorization!.slice('Bearer '.length), auditKeys);
    expect(payload).toMatchObject({ requesting_organization: 'RZZ03' });
    expect(payload).not.toHaveProperty('sub');
    expect(await retrievals.retrieve({}, { who: anApplication() })).toMatchObject({ status: 400, code: 'PRECONDITION_FAILED' });
  });

  it('takes one form of JSON for another, as FHIR does', async () => {
    const { status, headers } = await retrievals.retrieve({ url: '/documents/clinical-summary.json', contentType: 'application/json+fhir', format: 'urn:nhs-ic:structured' });
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json+fhir']);
  });

  it('opens the viewer of an in-context provider by a short-lived token, for the browser to post', async () => {
    const [who, requestId] = [aUser({ userId: '555000000778' }), '11111111-2222-4333-8444-666666666666'];
    const { status, text } = await retrievals.retrieve({ url: '/viewer', mechanism: 'InContext', contentType: 'text/html' }, { who, headers: { 'x-request-id': requestId } });
    const { parameter } = JSON.parse(text) as { parameter: Record<string, string>[] };
    expect([status, parameter.map(({ name }) => name)]).toEqual([200, ['mechanism', 'url', 'token', 'expires']]);
    expect(parameter[1]!['valueUrl']).toBe(`${retrievals.provider.origin}/viewer`);
    const { payload } = await jwtVerify(parameter[2]!['valueString']!, auditKeys, { audience: retrievals.provider.origin });
    expect(payload).toMatchObject({ nhs_number: NHS_NUMBER, requesting_user: '555000000778', trace_id: requestId });
    const [record] = await retrievals.recordsOf(who, 1);
    expect([record?.requestId, record?.outcomeDescription]).toEqual([requestId, `launch ${payload.jti}`]);
    expect(Date.parse(parameter[3]!['valueInstant']!)).toBe(payload.exp! * 1000);
  });

  it('gives no token for a viewer that is not registered', async () => {
    expect(await retrievals.retrieve({ url: 'https://viewer.example/', mechanism: 'InContext' })).toMatchObject({ status: 502, code: 'PROVIDER_ADDRESS_REFUSED' });
  });

  it('names the public page of a contact pointer, and calls nobody', async () => {
    const before = retrievals.provider.requests.length;
    const { status, text } = await retrievals.retrieve({ url: 'https://www.hospice.example/contact', format: 'urn:nhs-ic:record-contact', contentType: 'text/html', custodian: 'RQX99' });
    expect([status, JSON.parse(text)]).toEqual([
      200,
      {
        resourceType: 'Parameters',
        parameter: [
          { name: 'mechanism', valueCode: 'Contact' },
          { name: 'url', valueUrl: 'https://www.hospice.example/contact' },
        ],
      },
    ]);
    expect(retrievals.provider.requests).toHaveLength(before);
  });

  it('gives the content that the caller chooses', async () => {
    const id = await retrievals.pointer({}, { url: '/documents/respect-form.html', contentType: 'text/html' });
    expect((await retrievals.ask(id)).headers.get('content-type')).toBe('application/pdf');
    expect((await retrievals.ask(id, { query: '?content=1' })).headers.get('content-type')).toBe('text/html; charset=utf-8');
    for (const query of ['?content=2', '?content=-1', '?content=x', '?content=', '?content=0&content=1', '?content=1e0', '?url=https://evil.example/', '?content=9999999999']) {
      expect([query, (await retrievals.ask(id, { query })).status]).toEqual([query, 400]);
    }
  });

  it('knows no pointer that is not there, and no other method', async () => {
    expect((await retrievals.ask('RQX01-unknown')).status).toBe(404);
    const id = await retrievals.pointer({});
    for (const method of ['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) expect([method, (await retrievals.ask(id, { method })).status]).toEqual([method, 405]);
  });

  it('is for those who may retrieve', async () => {
    expect(await retrievals.retrieve({}, { who: { ...aUser(), permissions: new Set(['pointers.search'] as const) } })).toMatchObject({ status: 403, code: 'ACCESS_DENIED' });
  });

  it('is for organisations that may see pointers of the type', async () => {
    const elsewhere = (odsCode: string) => ({ who: aUser({ organisation: { odsCode, name: 'Elsewhere' } }) });
    for (const odsCode of ['RZZ02', 'RZZ09']) expect(await retrievals.retrieve({}, elsewhere(odsCode))).toMatchObject({ status: 403, code: 'ACCESS DENIED' });
  });

  it.each([
    ['text/html; version=5; charset="ISO-8859-1"', 'text/html; charset=iso-8859-1'],
    ['text/html;charset=utf-8;version=5', 'text/html; charset=utf-8'],
    ['text/html', 'text/html'],
  ])('gives a page of %s as it is written', async (given, passedOn) => {
    const { status, headers } = await retrievals.retrieve({ url: `/typed/${encodeURIComponent(given)}`, contentType: 'text/html' });
    expect([status, headers.get('content-type')]).toEqual([200, passedOn]);
  });

  it('takes no page in a character set that hides markup', async () => {
    expect(await retrievals.retrieve({ url: `/typed/${encodeURIComponent('text/html; charset=utf-7')}`, contentType: 'text/html' })).toMatchObject({ status: 502, code: 'PROVIDER_RESPONSE_INVALID' });
  });

  describe('what reaches the browser', () => {
    it('is sandboxed, of no origin, without a header or a cookie of the provider', async () => {
      const { status, headers, text } = await retrievals.retrieve({ url: '/script', contentType: 'text/html' });
      expect(status).toBe(200);
      expect(text).toContain('<script>'); // as the provider wrote it: the sandbox, not a filter, is what makes it harmless
      const names = [...headers.keys()].filter((name) => !['connection', 'date', 'keep-alive', 'transfer-encoding', 'x-request-id'].includes(name));
      expect(Object.fromEntries(names.map((name) => [name, headers.get(name)]))).toEqual({
        'cache-control': 'no-store',
        'content-disposition': expect.stringMatching(/^inline; filename="RQX01-[0-9a-f-]{36}\.html"$/) as string,
        'content-security-policy':
          "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
        'content-type': 'text/html; charset=utf-8',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      });
    });

    it('runs no script, loads nothing and has no origin in a real browser', async () => {
      const id = await retrievals.pointer({ url: '/script', contentType: 'text/html' });
      const browser = await launchChromium();
      try {
        const page = await browser.newPage({ extraHTTPHeaders: await contextOf(aUser()) });
        const refused: (string | undefined)[][] = [];
        page.on('requestfailed', (request) => refused.push([request.url(), request.failure()?.errorText]));
        await page.goto(retrievals.addressOf(id));
        expect(await page.title()).toBe('Care plan'); // its scripts and handlers would have changed it
        expect(await page.evaluate('self.origin')).toBe('null');
        expect(await page.context().cookies()).toEqual([]);
        expect(page.url()).toBe(retrievals.addressOf(id));
        expect(refused).toEqual([['https://example.org/pixel', 'csp']]); // by the policy, before any connection
      } finally {
        await browser.close();
      }
    });

    it('is saved rather than shown when it is a PDF', async () => {
      const { headers } = await retrievals.retrieve();
      expect(headers.get('content-disposition')).toMatch(/^attachment; filename="RQX01-[0-9a-f-]{36}\.pdf"$/);
      expect(headers.get('content-security-policy')).toMatch(/^sandbox;/);
    });
  });

  describe('when it cannot be had', () => {
    it.each([
      ['refuses', '/status/403', 502, 'PROVIDER_REFUSED', 'answered 403'],
      ['refuses a token', '/status/401', 502, 'PROVIDER_REFUSED', 'answered 401'],
      ['has it no longer', '/nothing', 502, 'PROVIDER_DOCUMENT_NOT_FOUND', 'answered 404'],
      ['has withdrawn it', '/status/410', 502, 'PROVIDER_DOCUMENT_NOT_FOUND', 'answered 410'],
      ['fails', '/status/500', 502, 'PROVIDER_ERROR', 'answered 500'],
      ['fails twice at its door', '/status/503', 502, 'PROVIDER_ERROR', 'answered 503'],
      ['is busy', '/status/429', 502, 'PROVIDER_ERROR', 'answered 429'],
      ['has nothing to say', '/status/204', 502, 'PROVIDER_RESPONSE_INVALID', 'answered 204'],
      ['gives a part', '/status/206', 502, 'PROVIDER_RESPONSE_INVALID', 'answered 206'],
      ['claims that we know it', '/status/304', 502, 'PROVIDER_RESPONSE_INVALID', 'answered 304'],
      ['hangs up', '/reset', 502, 'PROVIDER_UNREACHABLE', 'the connection broke'],
      ['hangs up after its headers', '/reset-after-headers', 502, 'PROVIDER_UNREACHABLE', 'the connection broke'],
      ['never answers', '/silent', 504, 'PROVIDER_TIMEOUT', 'no document came in the time allowed'],
      ['never begins', '/silent-after-headers', 504, 'PROVIDER_TIMEOUT', ''],
      ['sends something else', '/typed/text%2Fhtml', 502, 'PROVIDER_RESPONSE_INVALID', 'not the application/pdf that the pointer promises'],
      ['does not say what it sends', '/typed', 502, 'PROVIDER_RESPONSE_INVALID', 'not the application/pdf'],
      ['sends a type that is none', '/typed/application%2Fpdf%2C%20text%2Fhtml', 502, 'PROVIDER_RESPONSE_INVALID', 'not the application/pdf'],
      ['sends nothing at all', '/empty', 502, 'PROVIDER_RESPONSE_INVALID', 'the document is empty'],
      ['fails, and goes on about it without end', '/stalled/500', 502, 'PROVIDER_ERROR', 'answered 500'],
      ['does not say where its document ends', `/raw/${encodeURIComponent('HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nConnection: close\r\n\r\n%PDF-1.7')}`, 502, 'PROVIDER_RESPONSE_INVALID', 'the answer does not say where the document ends'],
      ['packs a bomb', '/gzip-bomb', 502, 'PROVIDER_RESPONSE_INVALID', 'the document is packed'],
      ['floods the headers', '/large-headers', 502, 'PROVIDER_RESPONSE_INVALID', 'the answer is not HTTP as it should be'],
      ['speaks another protocol', '/raw/SSH-2.0-x%0D%0A', 502, 'PROVIDER_RESPONSE_INVALID', 'the answer is not HTTP as it should be'],
      ['splits a header', `/raw/${encodeURIComponent('HTTP/1.1 200 OK\r\nContent-Type: application/pdf\rSet-Cookie: a=b\r\nContent-Length: 1\r\n\r\nx')}`, 502, 'PROVIDER_RESPONSE_INVALID', 'the answer is not HTTP'],
      ['declares too much', '/huge/1000001', 502, 'PROVIDER_DOCUMENT_TOO_LARGE', 'the document is too large'],
    ])('a provider that %s (%s) is named, with its own code', async (_, url, status, code, reason) => {
      const answer = await retrievals.retrieve({ url });
      expect([answer.status, answer.code]).toEqual([status, code]);
      expect(answer.diagnostics).toContain(`Example Provider RQX01 (RQX01): ${reason}`);
      expect(answer.text).not.toContain('internal detail');
      expect(answer.headers.get('set-cookie')).toBeNull();
    });

    it.each([
      ['is not there', 'RQX06', 502, 'PROVIDER_UNREACHABLE', 'no connection'],
      ['shows another key than the one it is known by', 'RQX03', 502, 'PROVIDER_NOT_TRUSTED', 'certificate'],
      ['shows a certificate of strangers', 'RQX04', 502, 'PROVIDER_NOT_TRUSTED', 'certificate'],
      ['speaks without TLS', 'RQX11', 502, 'PROVIDER_NOT_TRUSTED', 'certificate'],
      ['is registered for another mechanism', 'RQX07', 501, 'PROXY_PROVIDER_NOT_REGISTERED', 'not registered for LDR'],
    ])('a provider that %s (%s) is told apart', async (_, custodian, status, code, reason) => {
      const port = { RQX06: 9, RQX11: portOf(retrievals.plain) }[custodian] ?? retrievals.provider.port;
      const answer = await retrievals.retrieve({ url: `https://127.0.0.1:${port}/documents/news2-chart.pdf`, custodian, mechanism: 'LDR' });
      expect([answer.status, answer.code]).toEqual([status, code]);
      expect(answer.diagnostics).toContain(reason);
    });

    it.each([
      ['nowhere', () => Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' }))],
      ['to no answer in time', () => new Promise<never>(() => undefined)],
    ])('a provider whose name leads %s is not reached', async (_, answer) => {
      const names = retrievals.resolve();
      names.mockImplementation(answer);
      const { status, code, diagnostics } = await retrievals.retrieve({ custodian: 'RQX02', url: `https://${PUBLIC_HOST}/a.pdf` });
      names.mockRestore();
      expect([status, code, diagnostics]).toEqual([502, 'PROVIDER_UNREACHABLE', 'Example Provider RQX02 (RQX02): no connection']);
    });

    it('a custodian that is not registered is our lack, and is named all the same', async () => {
      const { status, code, diagnostics } = await retrievals.retrieve({ custodian: 'RQX99' });
      expect([status, code, diagnostics]).toEqual([501, 'PROXY_PROVIDER_NOT_REGISTERED', 'the custodian of the pointer, RQX99, is not registered as a provider']);
    });

    it('shows whom to ask for the document', async () => {
      const { text } = await retrievals.retrieve({ url: '/status/500' });
      expect(JSON.parse(text)).toMatchObject({
        contained: [
          {
            resourceType: 'Organization',
            id: 'provider',
            identifier: [{ value: 'RQX01' }],
            name: 'Example Provider RQX01',
            contact: [{ purpose: { text: 'At any hour' }, telecom: [{ system: 'phone', value: '01632 960 001' }, { system: 'email', value: 'records@hospice.example' }] }],
          },
        ],
        extension: [{ valueReference: { reference: '#provider' } }],
      });
    });

    it('is kept for 30 days, also of a custodian that never fails again', async () => {
      await retrievals.retrieve({ url: '/status/404' });
      await retrievals.age(31);
      await retrievals.retrieve({ custodian: 'RQX05', url: '/status/500' });
      expect(await retrievals.failures()).toEqual(['PROVIDER_ERROR']);
    });

    it('asks once more when no connection held, or the provider\'s door said to come back', async () => {
      expect((await retrievals.retrieve({ url: '/first-503/a' })).status).toBe(200);
      expect((await retrievals.retrieve({ url: '/first-reset/b' })).status).toBe(200);
    });

    it('asks once more in all, not once more a redirect', async () => {
      const before = retrievals.provider.requests.length;
      expect(await retrievals.retrieve({ url: '/hops-503/c/3' })).toMatchObject({ code: 'PROVIDER_ERROR' });
      expect(retrievals.provider.requests.slice(before).map(({ path }) => path)).toEqual(['/hops-503/c/3', '/hops-503/c/3', '/hops-503/c/2']);
    });

    it.each([
      ['/status/503', 2],
      ['/reset', 2],
      ['/status/500', 1],
      ['/status/404', 1],
      ['/typed/text%2Fhtml', 1],
      ['/silent', 1],
    ])('asks %s %d times and no more', async (url, times) => {
      const before = retrievals.provider.requests.length;
      await retrievals.retrieve({ url });
      expect(retrievals.provider.requests.slice(before).map(({ path }) => path)).toEqual(Array(times).fill(url));
    });

    it('breaks the answer off when the document breaks off, so that nobody takes a part for the whole', async () => {
      for (const url of ['/broken/10000', '/silent-in-the-middle', '/endless', '/trickle']) {
        const before = retrievals.provider.requests.length;
        const response = await retrievals.ask(await retrievals.pointer({ url }));
        expect([url, response.status]).toEqual([url, 200]);
        await expect(response.arrayBuffer()).rejects.toThrow();
        expect(retrievals.provider.requests).toHaveLength(before + 1); // never again once bytes were passed on
      }
    });

    it('does not call further when the caller has left', async () => {
      const { status, leave } = await retrievals.begin(await retrievals.pointer({ url: '/trickle' }));
      expect([status, lastRequest().over]).toEqual([200, false]);
      leave();
      await eventually(async () => expect(lastRequest().over).toBe(true), 1000);
    });
  });

  describe('audit', () => {
    it('keeps whose document, which pointer, which trace, and the reason when nothing came', async () => {
      const who = aUser({ userId: '555000000777' });
      const ids: string[] = [];
      for (const url of ['/documents/news2-chart.pdf', '/status/500', 'https://169.254.169.254/latest/meta-data']) ids.push(await retrievals.pointer({ url }));
      for (const id of ids) await (await retrievals.ask(id, { who })).text();
      const broken = await retrievals.pointer({ url: '/broken/10000' });
      const headers = { 'x-forwarded-for': '192.0.2.7', 'x-correlation-id': 'a-correlation' };
      await (await retrievals.ask(broken, { who, headers, query: '?content=0' })).text().catch(() => undefined);
      const records = await retrievals.recordsOf(who, 5);
      expect(records.map(({ outcome, outcomeDescription, resourceId, nhsNumber, interactionName }) => [outcome, outcomeDescription, resourceId, nhsNumber, interactionName])).toEqual([
        [Outcome.SUCCESS, '', ids[0], NHS_NUMBER, 'Retrieve document'],
        [Outcome.SERIOUS_FAILURE, 'HTTP 502 PROVIDER_ERROR: answered 500', ids[1], NHS_NUMBER, 'Retrieve document'],
        [Outcome.SERIOUS_FAILURE, expect.stringMatching(/^HTTP 502 PROVIDER_ADDRESS_REFUSED: /), ids[2], NHS_NUMBER, 'Retrieve document'],
        [Outcome.SUCCESS, '', broken, NHS_NUMBER, 'Retrieve document'],
        [Outcome.SERIOUS_FAILURE, 'Broken off PROVIDER_UNREACHABLE: the connection broke', broken, NHS_NUMBER, 'Retrieve document'],
      ]);
      expect(records[4]).toMatchObject({ clientAddress: '192.0.2.7', correlationId: 'a-correlation', query: 'content=0', requestId: records[3]!.requestId });
      const traces = retrievals.provider.requests.slice(-3).map(({ headers }) => headers['ssp-traceid']);
      expect([records[0]!.requestId, records[1]!.requestId, records[3]!.requestId]).toEqual(traces);
    });
  });
});
