import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { isNhsNumber } from '@carespine/fhir';
import { launchChromium } from '@carespine/test-kit';
import { confidential } from '../patients';
import { addressOf, ROOT, thePlatform } from '../platform';

/** Authenticators of the simulator by what its page calls them. */
export const SMARTCARD = 'Smartcard (HSCN)';
export const PASSKEY = 'Passkey';
export const AUTHENTICATOR_APP = 'Authenticator app code';

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'];
const browser = launchChromium();
const visitors: Visitor[] = [];
/** Pages that axe has seen, by what tells them apart: a second look at the same page costs a second and finds nothing new. */
const examined = new Set<string>();

afterEach(async () => {
  const faults = visitors.flatMap((visitor) => visitor.faults);
  await Promise.all(visitors.splice(0).map(({ page }) => page.context().close()));
  expect(faults).toEqual([]);
});
afterAll(async () => (await browser).close());

/** Somebody at a browser of her own. What is wrong with any page that she sees fails her test. */
export class Visitor {
  readonly faults: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly hasScript: boolean,
  ) {}

  static async arrive(options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await (await browser).newContext({ viewport: { width: 1280, height: 900 }, baseURL: thePlatform().url, ...options });
    context.setDefaultTimeout(10_000);
    const visitor = new Visitor(await context.newPage(), options.javaScriptEnabled ?? true);
    visitor.watch();
    visitors.push(visitor);
    return visitor;
  }

  /** Arrives, signs in and stands on the page that follows. */
  static async signIn(person: string, { authenticator = SMARTCARD, ...options }: { authenticator?: string } & BrowserContextOptions = {}): Promise<Visitor> {
    const visitor = await Visitor.arrive(options);
    await visitor.page.goto('/');
    await visitor.page.getByRole('button', { name: 'Sign in with CIS2' }).click();
    await visitor.identify(person, authenticator);
    return visitor;
  }

  /** Fills in the simulator's sign-in page. */
  async identify(person: string, authenticator = SMARTCARD): Promise<void> {
    await this.sees('Sign in');
    await this.page.getByLabel(person).check();
    await this.page.getByLabel(authenticator).check();
    await this.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  /** The page has this heading, and axe finds nothing on it. */
  async sees(heading: string | RegExp): Promise<void> {
    await this.page.getByRole('heading', { level: 1, name: heading }).waitFor();
    if (this.hasScript) await this.examine(String(heading));
  }

  private async examine(heading: string): Promise<void> {
    const likeness = await this.page.evaluate<string>('`${document.title} ${innerWidth} ${document.querySelectorAll("*").length}`');
    if (examined.has(likeness)) return;
    examined.add(likeness);
    const { violations } = await new AxeBuilder({ page: this.page }).withTags(WCAG).analyze();
    for (const { id, nodes } of violations) this.faults.push(`${heading}: axe ${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
  }

  button(name: string): Promise<void> {
    return this.page.getByRole('button', { name, exact: true }).click();
  }

  link(name: string | RegExp): Promise<void> {
    return this.page.getByRole('link', { name, exact: true }).click();
  }

  /** Types into questions by their labels; a date is three of them. */
  async fill(answers: Record<string, string>): Promise<void> {
    for (const [label, answer] of Object.entries(answers)) {
      const date = /^(\d\d?) (\d\d?) (\d{4})$/.exec(answer);
      if (!date) await this.page.getByLabel(label, { exact: true }).fill(answer);
      else {
        const group = this.page.getByRole('group', { name: label, exact: true });
        for (const [part, value] of [['Day', date[1]], ['Month', date[2]], ['Year', date[3]]] as const) await group.getByLabel(part).fill(value ?? '');
      }
    }
  }

  /** From anywhere, by NHS number. */
  async open(nhsNumber: string): Promise<void> {
    await this.page.goto('/find-a-patient');
    await this.fill({ 'NHS number': nhsNumber });
    await this.button('Find patient');
  }

  async text(): Promise<string> {
    return (await this.page.locator('body').innerText()).replace(/\s+/g, ' ');
  }

  /** Name → value of the gateway's session cookie; undefined without one. */
  async sessionCookie(): Promise<string | undefined> {
    const cookies = await this.page.context().cookies(thePlatform().url);
    return cookies.find(({ name }) => name === '__Host-carespine')?.value;
  }

  /** A picture for the README, where somebody asks for one. */
  async picture(name: string): Promise<void> {
    if (!process.env['SCREENSHOTS']) return;
    const folder = join(ROOT, 'docs/screenshots');
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  private watch(): void {
    const { page, faults } = this;
    const identityProvider = addressOf(thePlatform(), 2);
    page.on('request', (request) => {
      if (!request.isNavigationRequest()) return;
      const secret = secretIn(request.url(), identityProvider);
      if (secret) faults.push(`${request.method()} ${request.url().slice(0, 120)} has ${secret} in its address`);
    });
    page.on('pageerror', (error) => faults.push(`script: ${error.message}`));
    page.on('console', (message) => {
      // a refusal's status is no fault of the page, nor that of a document which its provider does not give
      if (message.type() === 'error' && !/the server responded with a status of (4|50[124])/.test(message.text())) faults.push(`console: ${message.text()}`);
    });
  }
}

const JWT = /eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+(?!\.)/;

/** What an address holds that none may: it stands in histories and logs. */
function secretIn(address: string, identityProvider: string): string | undefined {
  const url = new URL(address);
  // how OpenID Connect has the provider told whose session ends; it is a redirect, and no page's address
  if (url.origin === identityProvider && url.pathname.endsWith('/endSession')) url.searchParams.delete('id_token_hint');
  const text = decodeURIComponent(url.pathname + url.search).toLowerCase();
  if (text.match(/(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)/g)?.some((digits) => isNhsNumber(digits.replace(/\D/g, '')))) return 'an NHS number';
  if ([...confidential].some((secret) => text.includes(secret))) return 'a number or name of a patient';
  if (/5550000\d{5}/.test(text)) return 'a user id';
  return JWT.test(decodeURIComponent(url.pathname + url.search)) ? 'a token' : undefined;
}
