import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decodeJwt } from 'jose';
import { CLIENT_ID, startSimulator, type Simulator } from '../simulator.fixture';

const MODULE = join(__dirname, '../../../../deploy/local/cis2-sign-in.mjs');
const run = promisify(execFile);

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.close());

/** Runs the module as the token command does, in a process of its own. */
async function signIn(request: object): Promise<{ idToken: string; accessToken: string }> {
  const { issuer, clientKey: privateJwk, redirectUri } = simulator;
  const script = `import(process.argv[1])
    .then(({ signIn }) => signIn(JSON.parse(process.argv[2])))
    .then((tokens) => console.log(JSON.stringify(tokens)))`;
  const argument = JSON.stringify({ issuer, clientId: CLIENT_ID, privateJwk, redirectUri, ...request });
  const { stdout } = await run(process.execPath, ['-e', script, MODULE, argument]);
  return JSON.parse(stdout) as { idToken: string; accessToken: string };
}

describe('sign-in without a browser', () => {
  it.each([
    [{ userId: '555000000101' }, { acr: 'AAL3_N3_SMARTCARD', selected_roleid: '555000001101' }],
    [{ userId: '555000000101', aal: 2 }, { acr: 'AAL2_TOTP', authentication_assurance_level: '2' }],
    [{ userId: '555000000104', aal: 1, password: 'receptionist-demo' }, { authentication_assurance_level: '1' }],
    [{ userId: '555000000106', roleId: '555000001206' }, { selected_roleid: '555000001206' }],
  ])('%j', async (request, claims) => {
    const { idToken, accessToken } = await signIn(request);
    expect(decodeJwt(idToken)).toMatchObject({ sub: request.userId, ...claims });
    expect(accessToken).not.toBe('');
  });

  it.each([
    [{ userId: '555000009999' }, 'Select a user'],
    [{ userId: '555000000106', roleId: '555000001101' }, 'Select a role'],
    [{ userId: '555000000101', roleId: '555000001206' }, '555000001206 is not a role of user 555000000101'],
    [{ userId: '555000000104', aal: 1, password: 'wrong' }, 'Enter the password of this user'],
    [{ userId: '555000000101', aal: 4 }, 'There is no assurance level 4'],
  ])('%j says what is wrong', async (request, message) => {
    await expect(signIn(request)).rejects.toThrow(message);
  });
});
