import { readConfig } from '@carespine/service-kit';
import { SimulatorConfig } from './config';
import { readClients } from './provider/clients';

const settings = {
  PUBLIC_URL: 'http://127.0.0.1:8080',
  ISSUER: 'https://cis2.example:443/realms/Healthcare',
  PEOPLE: 'a.json, b.json',
  CLIENTS: '[]',
};

describe('settings', () => {
  it('keep the issuer to the letter', () => {
    expect(readConfig(SimulatorConfig, settings)).toMatchObject({ ISSUER: settings.ISSUER, peopleFiles: ['a.json', 'b.json'] });
  });

  it('a simulator in production must be allowed', () => {
    const production = { ...settings, NODE_ENV: 'production' };
    expect(() => readConfig(SimulatorConfig, production)).toThrow('ALLOW_SIMULATOR must be true');
    expect(() => readConfig(SimulatorConfig, { ...production, ALLOW_SIMULATOR: 'false' })).toThrow('ALLOW_SIMULATOR');
    expect(() => readConfig(SimulatorConfig, { ...production, ALLOW_SIMULATOR: 'true' })).not.toThrow();
  });

  it.each([
    ['ISSUER', 'http://127.0.0.1:8082/'],
    ['ISSUER', 'cis2'],
    ['PEOPLE', ' , '],
    ['CLIENTS', '{'],
    ['SIGNING_JWK', 'key'],
  ])('%s cannot be %s', (name, value) => {
    expect(() => readConfig(SimulatorConfig, { ...settings, [name]: value })).toThrow(name);
  });
});

describe('clients', () => {
  const client = {
    clientId: 'a.apps.national',
    redirectUris: ['http://127.0.0.1/callback'],
    tokenEndpointAuthMethod: 'private_key_jwt',
    jwks: { keys: [] },
  };

  it.each([
    [{ redirectUris: [] }, 'redirectUris'],
    [{ redirectUris: ['javascript:alert(1)'] }, 'redirectUris'],
    [{ tokenEndpointAuthMethod: 'client_secret_basic' }, 'tokenEndpointAuthMethod'],
    [{ tokenEndpointAuthMethod: 'client_secret_post' }, 'clientSecret'],
    [{ jwks: undefined }, 'jwks'],
    [{ backchannelLogoutUri: 'nowhere' }, 'backchannelLogoutUri'],
    [{ scope: 'openid' }, 'scope'],
  ])('a fault is named with client and field: %j', (fault, field) => {
    expect(() => readClients(JSON.stringify([{ ...client, ...fault }]))).toThrow(`a.apps.national: ${field}`);
  });
});
