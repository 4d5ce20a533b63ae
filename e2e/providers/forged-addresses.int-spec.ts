import { jwtVerify } from 'jose';
import { Outcome } from '@carespine/contracts';
import { aUser } from '@carespine/test-kit';
import { auditKeys, NHS_NUMBER, PUBLIC_HOST, Retrievals, type PointerFacts } from './fixture';

const NOT_REGISTERED = 'the address is not one of the hosts registered for this provider';
const NOT_PUBLIC = 'its name leads to an address that is not on the public internet';
const redirects = 'redirects to where this proxy does not go: ';

describe('server-side request forgery: what a pointer, a name or a redirect may not make us call', () => {
  let retrievals: Retrievals;
  let names: jest.SpyInstance;
  let users = 0;
  beforeAll(async () => {
    retrievals = await Retrievals.start();
  });
  beforeEach(() => {
    names = retrievals.resolve([{ address: '10.0.0.1', family: 4 }]);
  });
  afterEach(() => names.mockRestore());
  afterAll(() => retrievals.stop());

  /** Refused, before anything was called but `calls` of the provider's own, and recorded as that. */
  async function expectRefused(facts: PointerFacts, reason: string, { calls = 0, code = 'PROVIDER_ADDRESS_REFUSED' } = {}): Promise<void> {
    const who = aUser({ userId: String(555000001000 + users++) });
    const before = retrievals.provider.requests.length;
    const answer = await retrievals.retrieve(facts, { who });
    expect([answer.status, answer.code]).toEqual([502, code]);
    expect(answer.diagnostics).toContain(reason);
    expect(retrievals.provider.requests.slice(before)).toHaveLength(calls);
    const [record] = await retrievals.recordsOf(who, 1);
    expect(record).toMatchObject({ outcome: Outcome.SERIOUS_FAILURE, outcomeDescription: `HTTP 502 ${code}: ${reason}`, nhsNumber: NHS_NUMBER, resourceId: expect.stringMatching(/^RQX/) as string });
  }

  describe('addresses in pointers', () => {
    it.each([
      ['cloud metadata', 'https://169.254.169.254/latest/meta-data'],
      ['loopback', 'https://127.0.0.1/'],
      ['loopback in decimal', 'https://2130706433/'],
      ['loopback in octal', 'https://0177.0.0.1/'],
      ['loopback in hexadecimal', 'https://0x7f000001/'],
      ['loopback, mixed and short', 'https://0x7f.1/'],
      ['loopback, percent-encoded', 'https://%31%32%37%2e0.0.1/'],
      ['this network', 'https://0.0.0.0/'],
      ['private', 'https://10.0.0.1/'],
      ['carrier-grade NAT', 'https://100.64.0.1/'],
      ['IPv6 loopback', 'https://[::1]/'],
      ['IPv6-mapped', 'https://[::ffff:169.254.169.254]/'],
      ['IPv6 link-local', 'https://[fe80::1]/'],
      ['IPv6 unique local', 'https://[fc00::1]/'],
      ['translated', 'https://[64:ff9b::a9fe:a9fe]/'],
      ['multicast', 'https://224.0.0.1/'],
      ['a public address without a name', 'https://1.1.1.1/'],
      ['this machine by name', 'https://localhost/'],
      ['a host that nobody registered', 'https://evil.example/'],
      ['a host below the registered one', `https://a.${PUBLIC_HOST}/`],
      ['a host that ends like the registered one', `https://evil-${PUBLIC_HOST}/`],
      ['the registered host as a label', `https://${PUBLIC_HOST}.evil.example/`],
      ['the registered host with a trailing dot', `https://${PUBLIC_HOST}./`],
      ['an internationalised look-alike', `https://xn--nrl-rqx02-9bf.supplier.thirdparty.nhs.uk/`],
      ['another port', `https://${PUBLIC_HOST}:8443/`],
      ['the port of another protocol', `https://${PUBLIC_HOST}:22/`],
      ['the port of plain HTTP', `https://${PUBLIC_HOST}:80/`],
      ['the same through the proxy', 'ssp://169.254.169.254/'],
    ])('%s: %s', (_, url) => expectRefused({ custodian: 'RQX02', url }, NOT_REGISTERED));

    it.each([
      ['a user that looks like the host', `https://${PUBLIC_HOST}@169.254.169.254/`, 'the address holds credentials'],
      ['credentials', `https://a:b@${PUBLIC_HOST}/`, 'the address holds credentials'],
      ['a backslash', `https://${PUBLIC_HOST}\\@evil.example/`, 'the address holds characters that addresses do not have'],
      ['a line break', `https://${PUBLIC_HOST}/\r\nHost: evil.example`, 'the address holds characters that addresses do not have'],
      ['letters of another script', 'https://nrl-rqx02.suppliеr.thirdparty.nhs.uk/', 'the address holds characters that addresses do not have'],
      ['plain HTTP', `http://${PUBLIC_HOST}/`, 'the address is neither https nor ssp'],
      ['a file', 'file:///etc/passwd', 'the address is neither https nor ssp'],
      ['gopher', `gopher://${PUBLIC_HOST}/_x`, 'the address is neither https nor ssp'],
    ])('%s: %s', (_, url, reason) => expectRefused({ custodian: 'RQX02', url }, reason));

    it('the simulator, when it is registered for somebody else', () => expectRefused({ custodian: 'RQX02', url: `${retrievals.provider.origin}/documents/news2-chart.pdf` }, NOT_REGISTERED));
    it('another port of this machine', () => expectRefused({ url: 'https://127.0.0.1:5432/' }, NOT_REGISTERED));
  });

  describe('names of registered hosts that lead', () => {
    it.each([
      ['to loopback', ['127.0.0.1']],
      ['to this network', ['0.0.0.0']],
      ['to a private network', ['10.1.2.3']],
      ['to a private network', ['172.16.0.1']],
      ['to a private network', ['192.168.0.1']],
      ['to carrier-grade NAT', ['100.64.0.1']],
      ['to cloud metadata', ['169.254.169.254']],
      ['to multicast', ['224.0.0.251']],
      ['to broadcast', ['255.255.255.255']],
      ['to IPv6 loopback', ['::1']],
      ['to nothing', ['::']],
      ['to an IPv6-mapped address', ['::ffff:127.0.0.1']],
      ['to an IPv6-mapped address in hexadecimal', ['::ffff:a9fe:a9fe']],
      ['to a translated address', ['64:ff9b::7f00:1']],
      ['to link-local', ['fe80::1']],
      ['to link-local on an interface', ['fe80::1%eth0']],
      ['to unique local', ['fc00::1']],
      ['to unique local', ['fd00:ec2::254']],
      ['to 6to4 of a private network', ['2002:a00:1::1']],
      ['to several, of which the last is private', ['1.1.1.1', '1.0.0.1', '10.0.0.1']],
      ['to several, of which the first is private', ['10.0.0.1', '1.1.1.1']],
      ['to two families, of which one is private', ['1.1.1.1', 'fd00::1']],
      ['to what is no address', ['evil.example']],
      ['nowhere', []],
    ])('%s: %p', async (_, addresses) => {
      names = retrievals.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
      await expectRefused({ custodian: 'RQX02', url: `https://${PUBLIC_HOST}/a.pdf` }, NOT_PUBLIC);
      expect(names).toHaveBeenCalledTimes(1);
    });

    it('once to where they may, and then elsewhere: each connection is made to the address that was looked at, and looked at anew', async () => {
      names = retrievals.resolve([{ address: '127.0.0.1', family: 4 }], [{ address: '10.0.0.1', family: 4 }]);
      await expectRefused({ custodian: 'RQX09', url: `https://localhost:${retrievals.provider.port}/first-reset/rebinding` }, NOT_PUBLIC, { calls: 1 });
      expect(names).toHaveBeenCalledTimes(2);
    });

    it('to where they may: asked once for a connection, whatever the next answer would be', async () => {
      names = retrievals.resolve([{ address: '127.0.0.1', family: 4 }], [{ address: '10.0.0.1', family: 4 }]);
      const { status } = await retrievals.retrieve({ custodian: 'RQX09', url: `https://localhost:${retrievals.provider.port}/documents/news2-chart.pdf` });
      expect([status, names.mock.calls.length]).toEqual([200, 1]);
    });
  });

  describe('redirects', () => {
    it.each([
      ['cloud metadata', 'https://169.254.169.254/latest/meta-data/', NOT_REGISTERED],
      ['cloud metadata in plain HTTP', 'http://169.254.169.254/latest/meta-data/', `${redirects}the address is neither https nor ssp`],
      ['plain HTTP', 'http://127.0.0.1/', `${redirects}the address is neither https nor ssp`],
      ['a file', 'file:///etc/passwd', `${redirects}the address is neither https nor ssp`],
      ['data', 'data:application/pdf,x', `${redirects}the address is neither https nor ssp`],
      ['a script', 'javascript:alert(1)', `${redirects}the address is neither https nor ssp`],
      ['credentials', 'https://a:b@127.0.0.1/', `${redirects}the address holds credentials`],
      ['a backslash', 'https:\\\\evil.example\\', `${redirects}the address holds characters that addresses do not have`],
      ['another host by its name alone', '//evil.example/a', NOT_REGISTERED],
      ['another host behind backslashes', '/\\evil.example/a', NOT_REGISTERED],
      ['another port', 'https://127.0.0.1:5432/', NOT_REGISTERED],
      ['the same machine by another name', 'https://localhost/', NOT_REGISTERED],
      ['loopback in decimal', 'https://2130706433/', NOT_REGISTERED],
      ['IPv6 loopback', 'https://[::1]/', NOT_REGISTERED],
      ['a host that is registered for somebody else', `https://${PUBLIC_HOST}/`, NOT_REGISTERED],
      ['what cannot be read', 'https://[/', `${redirects}the address cannot be read`],
    ])('to %s: %s', (_, location, reason) => expectRefused({ url: `/redirect/302/${encodeURIComponent(location)}` }, reason, { calls: 1 }));

    it.each([301, 302, 303, 307, 308])('are held to the same with %d', (status) =>
      expectRefused({ url: `/redirect/${status}/${encodeURIComponent('https://10.0.0.1/')}` }, NOT_REGISTERED, { calls: 1 }),
    );

    it('without an address', () => expectRefused({ url: '/redirect/302' }, 'redirects without one address', { calls: 1, code: 'PROVIDER_RESPONSE_INVALID' }));
    it('with two addresses', async () => {
      const raw = 'HTTP/1.1 302 Found\r\nLocation: /documents/news2-chart.pdf\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n';
      await expectRefused({ url: `/raw/${encodeURIComponent(raw)}` }, 'redirects without one address', { calls: 1, code: 'PROVIDER_RESPONSE_INVALID' });
    });
    it('in a circle', () => expectRefused({ url: '/loop' }, 'redirects without end', { calls: 4, code: 'PROVIDER_RESPONSE_INVALID' }));
    it('more than three', () => expectRefused({ url: '/hops/4' }, 'redirects without end', { calls: 4, code: 'PROVIDER_RESPONSE_INVALID' }));

    it('to a name that leads to a private network', () =>
      expectRefused({ custodian: 'RQX10', url: `/redirect/302/${encodeURIComponent(`https://localhost:${retrievals.provider.port}/documents/news2-chart.pdf`)}` }, NOT_PUBLIC, { calls: 1 }));

    it('are followed among the hosts of one provider, each with a token for itself', async () => {
      names = retrievals.resolve([{ address: '127.0.0.1', family: 4 }]);
      const { port, requests, origin } = retrievals.provider;
      const localhost = `https://localhost:${port}`;
      const { status } = await retrievals.retrieve({ custodian: 'RQX09', url: `/redirect/307/${encodeURIComponent(`${localhost}/documents/news2-chart.pdf`)}` });
      expect(status).toBe(200);
      for (const [request, audience] of [[requests.at(-2)!, origin], [requests.at(-1)!, localhost]] as const) {
        await jwtVerify(request.headers.authorization!.slice('Bearer '.length), auditKeys, { audience });
      }
      expect((await retrievals.retrieve({ url: '/hops/3' })).status).toBe(200);
    });
  });
});
