import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Principal } from '@carespine/access-control';
import { contextOf, eventually, launchChromium } from '@carespine/test-kit';
import type { Browser, BrowserContextOptions, ConsoleMessage, Page } from 'playwright-core';
import { dateValues } from './forms/form';
import { PortalInTests, privacyOfficer, staff } from './fixtures/portal-in-tests';
import { policyValues } from './policy/policy-form';

/** Where to keep a picture of every page, when somebody wants to look at them. */
const PICTURES = process.env.PORTAL_PICTURES;
/** A desktop, the same at 200 % zoom, a small phone. */
const SMALLEST = 320;
/** In this order, so that axe sees the small phone. */
const WIDTHS = [1280, 640, SMALLEST];

const portal = new PortalInTests();
let browser: Browser;
let base: string;

beforeAll(async () => {
  if (PICTURES) mkdirSync(PICTURES, { recursive: true });
  await portal.start();
  await portal.app.listen(0, '127.0.0.1');
  base = `http://127.0.0.1:${(portal.app.getHttpServer().address() as AddressInfo).port}`;
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await portal.stop();
});

/** A browser behind the gateway; contexts live a minute, so each journey gets its own. */
async function visit(who: Principal | undefined, options: BrowserContextOptions = {}): Promise<Page> {
  const headers: Record<string, string> = who ? await contextOf(who) : {};
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    baseURL: base,
    extraHTTPHeaders: headers,
    ...options,
  });
  return context.newPage();
}

/** Answers of the gateway that the script asks for. */
const answerSession = (page: Page, answer: () => { status: number; body: object }) =>
  page.route('**/auth/session', (route) => {
    const { status, body } = answer();
    return route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) });
  });

const nurse = staff();
const officer = privacyOfficer();
const administrator = staff({ activityCodes: ['B0062'], jobRole: 'R8015' });
const born = dateValues('birth', '1985-03-04');
const month = { ...dateValues('from', '2026-11-01'), ...dateValues('to', '2026-11-24') };

type Shown = [name: string, who: Principal | undefined, path: () => Promise<string> | string, form?: Record<string, string>];

const patient =
  (number: string, rest = '', who = nurse) =>
  async () =>
    (await portal.open(number, who)) + rest;
const afterPost = (path: string, form: Record<string, string>, who: Principal) => async () =>
  String((await portal.post(path, form, who)).headers.location);
const search = (form: Record<string, string>) => afterPost('/find-a-patient/basic', { ...born, ...form }, nurse);

/** One of the documents in the list of records, after what `before` does. */
const document =
  (which: number, before?: () => void, rest = '') =>
  async () => {
    const { body } = await portal.get(await patient('9000000009', '/records')(), nurse);
    before?.();
    return String([...body.matchAll(/href="(\/records\/[^"]+)"/g)][which]?.[1]) + rest;
  };

const report = (name: string, form: Record<string, string>) => afterPost(`/reports/${name}`, { ...month, ...form }, officer);
const anExport = async () => afterPost(`${await report('activity', {})()}/exports`, { format: 'csv' }, officer)();

const PAGES: Shown[] = [
  ['start', undefined, () => '/'],
  ['home', officer, () => '/'],
  ['choose-role', { ...nurse, role: undefined }, () => '/choose-role'],
  ['signed-out', undefined, () => '/signed-out?reason=idle'],
  ['sign-in-problem', undefined, () => '/sign-in-problem?reason=authenticator'],
  ['find', nurse, () => '/find-a-patient'],
  ['find-error', nurse, () => '/find-a-patient', { nhsNumber: '123' }],
  ['basic', nurse, () => '/find-a-patient/basic'],
  ['basic-error', nurse, () => '/find-a-patient/basic', { 'birth-day': '31', 'birth-month': '2' }],
  ['advanced', nurse, () => '/find-a-patient/advanced'],
  ['advanced-error', nurse, () => '/find-a-patient/advanced', { family: 'S*', postcode: '!', email: 'x' }],
  ['results', nurse, search({ family: 'Smith', gender: 'female', postcode: 'LS1 6AE' })],
  ['no-match', nurse, search({ family: 'Nobody' })],
  ['too-many', nurse, search({ family: 'Many' })],
  ['patient', nurse, patient('9000000009')],
  ['patient-saved', nurse, patient('9000000009', '?saved=name')],
  ['patient-officer', officer, patient('9000000009', '', officer)],
  ['patient-restricted', nurse, patient('9000000025')],
  ['patient-deceased', nurse, patient('9000000033')],
  ['patient-merged', nurse, patient('9000000041')],
  ['no-record', nurse, patient('9000000017')],
  ['invalidated', nurse, patient('9000000068')],
  ...['name', 'birth-date', 'gender', 'death', 'home-address', 'temporary-address', 'correspondence-address'].map((slug): Shown => [
    `edit-${slug}`,
    nurse,
    patient('9000000009', `/edit/${slug}`),
  ]),
  ...['contact-details', 'gp-practice', 'communication', 'contact-preference'].map((slug): Shown => [
    `edit-${slug}`,
    nurse,
    patient('9000000009', `/edit/${slug}`),
  ]),
  ['edit-error', nurse, patient('9000000009', '/edit/temporary-address'), { version: '2', postcode: 'x' }],
  ['edit-closed', nurse, patient('9000000033', '/edit/death')],
  [
    'edit-conflict',
    nurse,
    patient('9000000009', '/edit/name'),
    { version: '1', 'was-title': 'Miss', 'was-first': 'Jane', 'was-last': 'Jones', title: 'Dr', first: 'Jane', last: 'Jones' },
  ],
  ['reports', officer, () => '/reports'],
  ['report-form', officer, () => '/reports/patient-access'],
  ['report-error', officer, () => '/reports/user-access', { ...month, outcome: 'x' }],
  ['accesses', officer, patient('9000000009', '/accesses', officer)],
  ['accesses-none', officer, patient('9000000025', '/accesses', officer)],
  ['user-access', officer, report('user-access', { person: '555000000101' })],
  ['choose-person', officer, report('user-access', { person: 'Smith' })],
  ['enquiries', officer, report('patient-enquiries', {})],
  ['activity', officer, report('activity', {})],
  ['export-running', officer, anExport],
  ['export-ready', officer, () => '/exports/export-1'],
  ['proof', officer, () => '/accesses/01900000-0000-7000-8000-000000000000/proof'],
  ['desk', officer, () => '/desk'],
  ['alerts', officer, () => '/desk/alerts'],
  ['alerts-error', officer, () => '/desk/alerts?from-day=40'],
  ['alert', officer, () => '/desk/alerts/AL-1001'],
  ['alert-close-error', officer, () => '/desk/alerts/AL-1001/close', { version: '1', seen: '1', outcome: 'duplicate' }],
  ['alert-assign', officer, () => '/desk/alerts/AL-1000/assign'],
  ['alert-conflict', officer, () => '/desk/alerts/AL-1001/note', { version: '0', seen: '1', note: 'Asked the ward.' }],
  ['policy', officer, () => '/desk/policy'],
  ['policy-conflict', officer, () => '/desk/policy', { ...policyValues(portal.apis.desk.policy), version: '1' }],
  ['samples', officer, () => '/desk/samples'],
  ['sample', officer, () => '/desk/samples/sample-1'],
  ['requests', officer, () => '/subject-access'],
  ['request-new', officer, () => '/subject-access/new'],
  ['request-error', officer, () => '/subject-access/new', { nhsNumber: '1' }],
  ['request-preparing', officer, () => '/subject-access/SAR-1000'],
  ['request-ready', officer, () => '/subject-access/SAR-1001'],
  ['request-awaiting', officer, () => '/subject-access/SAR-0999'],
  ['request-step', officer, () => '/subject-access/SAR-1001/sent'],
  ['no-permission', nurse, () => '/reports'],
  ['records', nurse, patient('9000000009', '/records')],
  ['records-timeline', nurse, patient('9000000009', '/records?view=timeline')],
  ['records-none', nurse, patient('9000000033', '/records')],
  ['records-restricted', nurse, patient('9000000025', '/records')],
  ['records-error', nurse, patient('9000000009', '/records'), { 'from-day': '31', 'from-month': '2', 'from-year': '2026' }],
  ['record-contact', nurse, document(1)],
  ['record-page', nurse, document(2)],
  ['record-data', nurse, document(3)],
  ['record-viewer', nurse, document(4)],
  ['record-pdf', nurse, document(0)],
  ['record-failed', nurse, document(0, () => (portal.apis.locator.failing = { code: 'PROVIDER_TIMEOUT', status: 504 }), '/file')],
  ['record-failed-in-frame', nurse, document(2, () => (portal.apis.locator.failing = { code: 'PROXY_PROVIDER_NOT_REGISTERED', status: 501 }), '/page')],
  ['pointers', administrator, () => '/pointers'],
  ['pointer', nurse, async () => /href="(\/pointers\/[^"]+)"/.exec((await portal.get('/pointers', nurse)).body)?.[1] ?? ''],
  ['pointer-permissions', administrator, () => '/pointer-permissions?done=granted'],
  ['pointer-permission-new', administrator, () => '/pointer-permissions/new'],
  ['pointer-permission-error', administrator, () => '/pointer-permissions/new', { application: 'a b' }],
  ['pointer-permission-change', administrator, () => '/pointer-permissions/RZZ01/example-care-planning/producer'],
  ['pointer-permission-withdraw', administrator, () => '/pointer-permissions/RZZ01/*/consumer/withdraw'],
  ['link-expired', nurse, () => '/patients/x'],
  ['not-found', nurse, () => '/nowhere'],
];

/** Posts as a form on one of our own pages does. The script is text: this project compiles without the browser's types. */
async function post(page: Page, path: string, form: Record<string, string>): Promise<void> {
  await page.goto('/signed-out');
  await Promise.all([
    page.waitForNavigation({ waitUntil: 'load' }),
    page.evaluate(`
      const form = Object.assign(document.createElement('form'), { method: 'post', action: ${JSON.stringify(path)} });
      for (const [name, value] of ${JSON.stringify(Object.entries(form))}) {
        form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
      }
      document.body.append(form);
      form.submit();`),
  ]);
}

/** A page for everyone in turn: a new context a page costs as much as the page. Contexts live a minute, so each visit gets its own token. */
const pages = new Map<Principal | undefined, Promise<Page>>();
async function pageOf(who: Principal | undefined): Promise<Page> {
  const existing = pages.get(who) ?? visit(who);
  pages.set(who, existing);
  const page = await existing;
  if (who) await page.context().setExtraHTTPHeaders(await contextOf(who));
  await page.setViewportSize({ width: SMALLEST, height: 800 });
  return page;
}

describe('WCAG 2.2 AA, 1.4.10 reflow at 320 px, 1.4.4 at 200 %', () => {
  it.each(PAGES.map((shown) => [shown[0], shown] as const))('%s', async (_name, [name, who, path, form]) => {
    const page = await pageOf(who);
    const said: string[] = [];
    const onConsole = (message: ConsoleMessage) => message.type() === 'error' && !/status of [45]/.test(message.text()) && said.push(message.text());
    const onError = (error: Error) => said.push(error.message);
    page.on('console', onConsole).on('pageerror', onError);
    await answerSession(page, () => ({ status: 200, body: { secondsLeft: 900 } }));
    if (form) await post(page, await path(), form);
    else await page.goto(await path());
    expect(await page.title()).toMatch(/^.{4,} – Carespine$/);
    expect(await page.textContent('h1')).not.toContain('something went wrong');
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      // the header folds its navigation away a moment after the width has changed
      await eventually(async () => expect([width, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([width, width]));
      if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}-${width}.png`), fullPage: true });
    }
    // no frames, so axe needs no page of its own to gather their results
    const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    expect(said).toEqual([]);
    portal.apis.locator.failing = undefined;
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    page.off('console', onConsole).off('pageerror', onError);
  });
});

describe('a PDF of another organisation', () => {
  it('is drawn, with its words for those who do not see it, where it can reach nothing of ours', async () => {
    const page = await visit(nurse);
    const said: string[] = [];
    page.on('console', (message) => message.type() === 'error' && said.push(message.text()));
    await answerSession(page, () => ({ status: 200, body: { secondsLeft: 900 } }));
    await page.goto(await document(0)());
    const frame = page.frameLocator('iframe');
    await frame.getByText('Care plan').waitFor();
    expect(await frame.locator('html').evaluate('self.origin')).toBe('null');
    const isInked = `(canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value, i) => i % 4 < 3 && value < 128)`;
    expect(await frame.locator('canvas').evaluate(`(${isInked})(document.querySelector('canvas'))`)).toBe(true);
    expect(said).toEqual([]);
    await page.context().close();
  });

  it('that cannot be had says why, in the place of the document', async () => {
    const page = await visit(nurse);
    await answerSession(page, () => ({ status: 200, body: { secondsLeft: 900 } }));
    await page.goto(await document(0, () => (portal.apis.locator.failing = { code: 'PROVIDER_TIMEOUT', status: 504 }))());
    await page.getByRole('heading', { name: 'The document could not be opened' }).waitFor();
    expect(await page.textContent('main')).toContain('01632 960 102');
    portal.apis.locator.failing = undefined;
    await page.goto(await document(0, () => (portal.apis.locator.coming = 'broken'))());
    await page.getByText('broke off on its way').waitFor();
    portal.apis.locator.coming = undefined;
    await page.context().close();
  });
});

describe('without JavaScript', () => {
  it('a patient is found, read and changed', async () => {
    const page = await visit(nurse, { javaScriptEnabled: false });
    await page.goto('/find-a-patient/basic');
    await page.getByLabel('Last name').fill('Smith');
    for (const [part, value] of [
      ['Day', '4'],
      ['Month', '3'],
      ['Year', '1985'],
    ] as const)
      await page.getByLabel(part).fill(value);
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('link', { name: 'SMITH, Jane Marie (Mrs)' }).click();
    await page.getByRole('link', { name: 'Change usual name' }).click();
    await page.getByLabel('Last name').fill('Jones');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.textContent('.nhsuk-notification-banner')).resolves.toContain('The name was changed');
    expect(await page.textContent('.app-patient__name')).toContain('JONES, Jane Marie (Mrs)');
    await page.context().close();
  });
});

describe('by keyboard alone', () => {
  it('the skip link is first, and a search needs no mouse', async () => {
    const page = await visit(nurse);
    await page.goto('/find-a-patient');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toContain('Skip to main content');
    await page.keyboard.press('Enter');
    for (let tabs = 0; tabs < 10 && (await page.evaluate('document.activeElement.id')) !== 'nhsNumber'; tabs++)
      await page.keyboard.press('Tab');
    await page.keyboard.type('9000000025');
    await Promise.all([page.waitForURL('**/patients/*'), page.keyboard.press('Enter')]);
    expect(await page.textContent('body')).toContain('location is hidden');
    await page.context().close();
  });
});

describe('sessions: a warning 2 minutes before the idle end', () => {
  it('asks, stays on request, and ends as the server says', async () => {
    const page = await visit(nurse);
    await page.clock.install();
    let left: { status: number; body: object } = { status: 200, body: { secondsLeft: 600 } };
    let kept = 0;
    await answerSession(page, () => left);
    await page.route('**/auth/keep-alive', (route) => {
      kept++;
      left = { status: 200, body: { secondsLeft: 900 } };
      return route.fulfill({ status: 204 });
    });
    await page.goto('/find-a-patient');
    const dialog = page.getByRole('dialog', { name: 'Are you still there?' });
    await page.clock.runFor(15_000);
    expect(await dialog.isVisible()).toBe(false);

    left = { status: 200, body: { secondsLeft: 118 } };
    await page.clock.runFor(61_000);
    await dialog.waitFor();
    expect(await dialog.textContent()).toContain('2 minutes');
    if (PICTURES) await page.screenshot({ path: join(PICTURES, 'idle-warning.png') });
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    await dialog.getByRole('button', { name: 'Stay signed in' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(kept).toBe(1);

    left = { status: 401, body: { reason: 'elsewhere' } };
    await Promise.all([page.waitForURL('**/signed-out?reason=elsewhere'), page.clock.runFor(120_000)]);
    expect(await page.textContent('h1')).toBe('You signed in somewhere else');
    await page.context().close();
  });
});
