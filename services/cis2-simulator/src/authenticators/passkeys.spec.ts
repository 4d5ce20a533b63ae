import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import sparticuz from '@sparticuz/chromium';
import { chromium, type Browser, type Page } from 'playwright-core';
import { CLIENT_ID, startSimulator, type Simulator } from '../simulator.fixture';
import { Passkeys } from './passkeys';

const PRIVACY_OFFICER = '555000000107';
const TWO_ROLES = '555000000106';
const folder = mkdtempSync(join(tmpdir(), 'passkeys-'));
const stateFile = join(folder, 'passkeys.json');
const installed = [process.env['CHROME_PATH'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => path && existsSync(path));

jest.setTimeout(60_000); // a real browser

let simulator: Simulator;
let browser: Browser;
beforeAll(async () => {
  simulator = await startSimulator({ STATE_FILE: stateFile });
  browser = await chromium.launch({
    executablePath: installed ?? (await sparticuz.executablePath()),
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update'],
  });
});
afterAll(async () => {
  await browser.close();
  await simulator.close();
  rmSync(folder, { recursive: true });
});

function authorizeUrl(acrValues: string): string {
  const parameters = {
    client_id: CLIENT_ID,
    response_type: 'code',
    redirect_uri: simulator.redirectUri,
    scope: 'openid selectedrole',
    acr_values: acrValues,
    state: 'state',
    nonce: 'nonce',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  };
  return `${simulator.issuer}/authorize?${new URLSearchParams(parameters).toString()}`;
}

/** A page whose device holds passkeys: Chromium's virtual authenticator. */
async function pageWithAuthenticator(isUserVerified = true): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
  const page = await context.newPage();
  const devTools = await context.newCDPSession(page);
  await devTools.send('WebAuthn.enable');
  await devTools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified,
      automaticPresenceSimulation: true,
    },
  });
  return page;
}

async function choosePasskey(page: Page): Promise<void> {
  await page.goto(authorizeUrl('AAL3_FIDO2'));
  await page.check(`input[value="${PRIVACY_OFFICER}"]`);
  await page.click('button:text-is("Sign in")');
}

/** Nothing is wider than the screen, and axe finds nothing. */
async function expectAccessible(page: Page): Promise<void> {
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
  expect(violations.map(({ id, nodes }) => ({ id, at: nodes.map(({ html }) => html) }))).toEqual([]);
}

describe('Web Authentication: a passkey', () => {
  it('is registered on first use and then signs in, though the issuer is an IP address', async () => {
    const page = await pageWithAuthenticator();
    await choosePasskey(page);
    expect(new URL(page.url()).hostname).toBe('localhost');
    await expectAccessible(page);
    await page.click('text="Register a passkey"');
    await page.click('text="Sign in with a passkey"');
    await page.waitForURL(`${simulator.redirectUri}?*`);
    expect(new URL(page.url()).searchParams.get('code')).not.toBeNull();
    expect(Object.keys(JSON.parse(readFileSync(stateFile, 'utf8')) as object)).toEqual([PRIVACY_OFFICER]);

    // again, in a new session of the same device: no registration any more
    await page.context().clearCookies();
    await choosePasskey(page);
    await page.click('text="Sign in with a passkey"');
    await page.waitForURL(`${simulator.redirectUri}?*`);
    await page.context().close();
  });

  it('needs user verification', async () => {
    const page = await pageWithAuthenticator(false);
    await choosePasskey(page);
    await page.click('text="Register a passkey"');
    await page.waitForSelector('#problem:not([hidden])');
    await page.context().close();
  });

  it('is told as AAL3_FIDO2', async () => {
    const page = await pageWithAuthenticator();
    await choosePasskey(page);
    await page.click('text="Register a passkey"');
    await page.click('text="Sign in with a passkey"');
    await page.waitForURL(`${simulator.redirectUri}?*`);
    await page.goto(`${simulator.origin}/sessions`);
    expect(await page.textContent('main')).toContain('Passkey');
    await expectAccessible(page);
    await page.context().close();
  });

  it('no ticket, no sign-in', async () => {
    const page = await pageWithAuthenticator();
    await page.goto(authorizeUrl('AAL3_FIDO2'));
    const refused = await page.goto(`${page.url()}/passkey?ticket=guessed`);
    expect(refused?.status()).toBe(400);
    expect(await page.textContent('main')).toContain('expired');
    const unchecked = await page.request.post(`${simulator.origin}/passkey/guessed/authenticate`, { form: { response: '{}' } });
    expect(unchecked.status()).toBe(400);
    await page.context().close();
  });
});

describe('the pages', () => {
  it('are accessible, at 320 pixels and with JavaScript switched off', async () => {
    const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
    const page = await context.newPage();
    await page.goto(authorizeUrl('AAL2_OR_AAL3_ANY'));
    await expectAccessible(page);
    await page.click('button:text-is("Sign in")');
    expect(await page.title()).toMatch(/^Error: /);
    await expectAccessible(page);
    await page.goto(authorizeUrl('AAL1_USERPASS'));
    await expectAccessible(page);

    await context.close();
    const plain = await browser.newContext({ viewport: { width: 320, height: 640 }, javaScriptEnabled: false });
    const plainPage = await plain.newPage();
    await plainPage.goto(authorizeUrl('AAL3_ANY'));
    await plainPage.check(`input[value="${TWO_ROLES}"]`);
    await plainPage.click('button:text-is("Sign in")');
    expect(await plainPage.textContent('h1')).toContain('Choose your role');
    await plainPage.check('input[value="later"]');
    await plainPage.click('text="Continue"');
    expect(plainPage.url().startsWith(simulator.redirectUri)).toBe(true);
    await plain.close();
  });
});

describe('Web Authentication: the relying party id is a domain', () => {
  it.each([
    ['http://127.0.0.1:8082/realms/x', 'http://localhost:8082'],
    ['http://[::1]:8082/realms/x', 'http://localhost:8082'],
    ['http://localhost:8082/realms/x', 'http://localhost:8082'],
    ['https://cis2.example:443/realms/x', 'https://cis2.example'],
    ['https://192.0.2.7/realms/x', undefined],
  ])('%s → %s', (issuer, origin) => {
    expect(new Passkeys(issuer).origin).toBe(origin);
  });
});
