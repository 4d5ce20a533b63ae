import { setTimeout as delay } from 'node:timers/promises';
import { addressOf, thePlatform } from '../platform';
import { AUTHENTICATOR_APP, Visitor } from './visitor';

const NURSE = 'Mrs Joanna Clarke';

async function signedIn(options: { authenticator?: string } = {}): Promise<Visitor> {
  const visitor = await Visitor.signIn(NURSE, options);
  await visitor.sees('What do you want to do?');
  return visitor;
}

const secondsLeftOf = async ({ page }: Visitor): Promise<number> => ((await (await page.request.get('/auth/session')).json()) as { secondsLeft: number }).secondsLeft;

describe('a session', () => {
  it('ends within 2 s when the smartcard is removed', async () => {
    const nurse = await signedIn();
    const desk = await Visitor.arrive();
    await desk.page.goto(`${addressOf(thePlatform(), 2)}/sessions`);
    await desk.sees('CIS2 sessions');
    const removed = Date.now();
    await desk.page.getByRole('button', { name: 'Remove smartcard of Joanna Clarke' }).last().click();
    for (;;) {
      await nurse.page.goto('/find-a-patient');
      if ((await nurse.page.title()).startsWith('Sign in')) break;
      expect(Date.now() - removed).toBeLessThan(2000);
      await delay(50);
    }
    await nurse.sees('Sign in');
  });

  it('of a user is one: the newer takes over, and the older says so', async () => {
    const older = await signedIn();
    await older.page.goto('/find-a-patient');
    const newer = await signedIn();
    // the page asks by itself after 15 s, or when it is looked at again
    await Promise.all([older.page.waitForURL(/signed-out/), older.page.evaluate('document.dispatchEvent(new Event("visibilitychange"))')]);
    await older.sees('You signed in somewhere else');
    await newer.page.goto('/find-a-patient');
    await newer.sees('Find a patient');
  });

  it.each([
    ['AAL3', undefined, 15],
    ['AAL2', AUTHENTICATOR_APP, 30],
  ])('of %s warns 2 minutes before its idle end, and goes on when asked to', async (_level, authenticator, minutes) => {
    const nurse = await Visitor.signIn(NURSE, { authenticator });
    await nurse.sees('What do you want to do?');
    expect(await nurse.text()).toContain(`signed out after ${minutes} minutes`);
    const first = await secondsLeftOf(nurse);
    expect(first).toBeGreaterThan(minutes * 60 - 30);
    expect(first).toBeLessThanOrEqual(minutes * 60);

    // the server's clock cannot be hurried, so its answer is: what follows is the page's and the gateway's own
    let secondsLeft = 118;
    await nurse.page.route('**/auth/session', (route) => route.fulfill({ json: { secondsLeft, absoluteSecondsLeft: 9999 } }));
    await nurse.page.clock.install();
    await nurse.page.goto('/find-a-patient');
    await nurse.page.clock.runFor(16_000);
    const warning = nurse.page.getByRole('dialog', { name: 'Are you still there?' });
    await warning.waitFor();
    expect(await warning.textContent()).toContain('2 minutes');
    await nurse.sees('Find a patient');
    const kept = nurse.page.waitForResponse('**/auth/keep-alive');
    secondsLeft = minutes * 60;
    await warning.getByRole('button', { name: 'Stay signed in' }).click();
    expect((await kept).status()).toBe(204);
    await warning.waitFor({ state: 'hidden' });
    secondsLeft = 0;
    await nurse.page.clock.runFor(70_000);
    await nurse.sees('We signed you out because you were not active');
  });

  it('asked for how long it has left is not extended by it', async () => {
    const nurse = await signedIn();
    const first = await secondsLeftOf(nurse);
    await delay(2100); // it counts in whole seconds
    expect(await secondsLeftOf(nurse)).toBeLessThan(first);
  });
});
