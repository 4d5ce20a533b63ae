import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readApplications } from './application-file';

const folder = mkdtempSync(join(tmpdir(), 'applications-'));
afterAll(() => rmSync(folder, { recursive: true }));

const entry = {
  clientId: 'tracing-app',
  name: 'Tracing',
  productId: 'P.TRACE',
  odsCode: 'RZZ01',
  accessModes: ['application-restricted'],
  products: ['personal-demographics-service'],
  cis2ClientIds: [],
  attributes: {},
};

const file = (content: unknown, name = 'applications.json'): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};
const faultsOf = (...entries: unknown[]): string => {
  try {
    readApplications([file({ applications: entries })]);
    return '';
  } catch (error) {
    return (error as Error).message.replaceAll(folder, '');
  }
};
const jwk = (bits: number, extra = {}) => ({ ...generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' }), kid: 'a', ...extra });

describe('applications file', () => {
  it('reads applications, with defaults for what may be absent', () => {
    const applications = readApplications([file({ applications: [{ ...entry, attributes: undefined, cis2ClientIds: undefined }] })]);
    expect(applications.get('tracing-app')).toMatchObject({ clientId: 'tracing-app', attributes: {}, cis2ClientIds: [], organisations: [], revoked: false });
  });

  it.each([
    ['a missing field', { name: undefined }, 'application 1 (tracing-app): name:'],
    ['an unknown field', { secret: 'x' }, 'application 1 (tracing-app): secret:'],
    ['an unknown access mode', { accessModes: ['patient-access'] }, 'accessModes:'],
    ['no access mode', { accessModes: [] }, 'accessModes:'],
    ['a nested unknown field', { attributes: { updates: true } }, 'attributes.updates:'],
    ['a limit of nothing', { rateLimit: { perSecond: 0 } }, 'rateLimit.perSecond:'],
    ['a burst under the rate', { rateLimit: { perSecond: 5, burst: 2 } }, 'rateLimit.burst is less'],
    ['a client id with a space', { clientId: 'a b' }, 'application 1 (a b): clientId:'],
    ['both restricted modes', { accessModes: ['application-restricted', 'privileged-application-restricted'] }, 'accessModes holds both'],
    ['users without a CIS2 client', { accessModes: ['user-restricted'] }, 'cis2ClientIds is empty'],
    ['keys in two ways', { jwks: { keys: [jwk(2048)] }, jwksUri: 'https://app.example/jwks' }, 'exclude each other'],
    ['an http key address', { jwksUri: 'http://app.example/jwks' }, 'jwksUri must be an https address'],
    ['a file key address', { jwksUri: 'file:///etc/passwd' }, 'jwksUri must be an https address'],
    ['a short key', { jwks: { keys: [jwk(1024)] } }, 'jwks key 1 is not an RSA signing key'],
    ['a private key', { jwks: { keys: [jwk(2048, { d: 'x' })] } }, 'jwks holds a private key'],
    ['an encryption key', { jwks: { keys: [jwk(2048, { use: 'enc' })] } }, 'jwks key 1'],
    ['a key for another algorithm', { jwks: { keys: [jwk(2048, { alg: 'RS256' })] } }, 'jwks key 1'],
    ['a key without an id', { jwks: { keys: [jwk(2048, { kid: undefined })] } }, 'jwks key 1'],
    ['one key id twice', { jwks: { keys: [jwk(2048), jwk(2048)] } }, 'jwks holds a kid twice'],
    ['no keys in the set', { jwks: { keys: [] } }, 'jwks holds no keys'],
    ['a symmetric key', { jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'a' }] } }, 'jwks key 1'],
  ])('refuses %s and says where it stands', (_, change, message) => {
    expect(faultsOf({ ...entry, ...change })).toContain(message);
  });

  it('names every fault of every application at once', () => {
    const faults = faultsOf({ ...entry, odsCode: '!' }, { ...entry, clientId: 'second', products: 'all' }, 7);
    expect(faults).toContain('/applications.json: application 1 (tracing-app): odsCode');
    expect(faults).toContain('/applications.json: application 2 (second): products');
    expect(faults).toContain('/applications.json: application 3');
  });

  it('refuses a client id that another file has taken', () => {
    const paths = [file({ applications: [entry] }, 'one.json'), file({ applications: [entry] }, 'two.json')];
    expect(() => readApplications(paths)).toThrow('two.json: application 1 (tracing-app): clientId is taken');
  });

  it.each(['', '[]', 'null', '{', '{"applications":{}}', '{"applications":[null]}', '{"apps":[]}'])('refuses a file that holds %j', (content) => {
    expect(() => readApplications([file(content, 'bad.json')])).toThrow('bad.json');
  });

  it('refuses a file that is not there', () => {
    expect(() => readApplications([join(folder, 'nowhere.json')])).toThrow('nowhere.json: is not a readable JSON object');
  });
});
