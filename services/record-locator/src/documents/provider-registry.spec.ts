import { providerRegistryOf } from './provider-registry';

const HOST = 'nrl-rqx01.supplier.thirdparty.nhs.uk';
const anEndpoint = (given: object = {}): object => ({ host: HOST, mechanisms: ['SSP'], ...given });
const aProvider = (given: object = {}): object => ({ odsCode: 'RQX01', name: 'Example Hospice', contact: {}, endpoints: [anEndpoint()], ...given });
const read = (provider: object, loopbackAllowed = false): unknown => providerRegistryOf({ providers: [provider] }, loopbackAllowed);

describe('the registry of providers', () => {
  it('has an organisation, and its parts by it', () => {
    const registry = providerRegistryOf({ providers: [aProvider()] }, false);
    expect(registry.ofCustodian('RQX01')?.name).toBe('Example Hospice');
    expect(registry.ofCustodian('RQX01.WARD1')?.name).toBe('Example Hospice');
    expect(registry.ofCustodian('RQX02')).toBeUndefined();
    expect(registry.ofCustodian('RQX01')?.endpoints[0]).toMatchObject({ port: 443, auditToken: 'signed' });
  });

  it.each([
    ['an address in place of a name', { host: '51.140.0.1' }, 'endpoints.0.host'],
    ['a private address', { host: '10.0.0.1' }, 'endpoints.0.host'],
    ['a name in capitals', { host: 'NRL.NHS.UK' }, 'endpoints.0.host'],
    ['a trailing dot', { host: `${HOST}.` }, 'endpoints.0.host'],
    ['a wildcard', { host: '*.nhs.uk' }, 'endpoints.0.host'],
    ['a bare name', { host: 'intranet' }, 'endpoints.0.host'],
    ['this machine without saying so', { host: '127.0.0.1' }, 'not marked loopback'],
    ['a port of its own', { port: 8443 }, 'on port 443 alone'],
    ['an unknown mechanism', { mechanisms: ['FTP'] }, 'endpoints.0.mechanisms'],
    ['a short system id', { asid: '123' }, 'endpoints.0.asid'],
    ['a CA that is none', { ca: 'PEM' }, 'ca holds no certificate'],
    ['a pin that is none', { pins: ['sha256'] }, 'endpoints.0.pins'],
    ['a setting that does not exist', { insecure: true }, 'endpoints.0.insecure'],
  ])('refuses %s', (_, endpoint, told) => {
    expect(() => read(aProvider({ endpoints: [anEndpoint(endpoint)] }))).toThrow(told);
  });

  it('takes the simulator on this machine, where a setting says so alone', () => {
    const simulator = aProvider({ endpoints: [anEndpoint({ host: '127.0.0.1', port: 8086, loopback: true })] });
    expect(() => read(simulator, true)).not.toThrow();
    expect(() => read(simulator)).toThrow('RQX01 127.0.0.1: loopback needs PROVIDERS_ON_LOOPBACK');
  });

  it('takes no other host for the simulator', () => {
    expect(() => read(aProvider({ endpoints: [anEndpoint({ loopback: true })] }), true)).toThrow('loopback names another host');
  });

  it('refuses one organisation or one host twice, and a file of another shape', () => {
    expect(() => providerRegistryOf({ providers: [aProvider(), aProvider()] }, false)).toThrow('providers');
    expect(() => read(aProvider({ endpoints: [anEndpoint(), anEndpoint()] }))).toThrow('is named twice');
    for (const content of [[], null, 'x', {}, { providers: {} }, { providers: [null] }, { providers: [aProvider({ contact: undefined })] }]) {
      expect(() => providerRegistryOf(content, true)).toThrow('PROVIDER_REGISTRY is wrong');
    }
  });
});
