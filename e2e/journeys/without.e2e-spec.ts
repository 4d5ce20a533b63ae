import { addPatients, aPatient } from '../patients';
import { thePlatform } from '../platform';
import { Visitor } from './visitor';

const patient = aPatient();
const family = patient.name?.[0]?.family ?? '';

beforeAll(() => addPatients(thePlatform(), patient));

describe('without JavaScript', () => {
  it('a patient is found, read and changed, and the user signs out', async () => {
    const clinician = await Visitor.signIn('Dr Ngozi Okafor', { javaScriptEnabled: false });
    await clinician.page.getByRole('heading', { name: 'What do you want to do?' }).waitFor();
    await clinician.page.goto('/find-a-patient/basic');
    await clinician.fill({ 'Last name': family, 'Date of birth': '4 3 1985' });
    await clinician.button('Search');
    await clinician.link(/^TES/);
    await clinician.link('Change home address');
    await clinician.fill({ 'Number and street': '9 Plain Street' });
    await clinician.button('Save');
    await clinician.page.getByText('The home address was changed').waitFor();
    expect(await clinician.text()).toContain('9 Plain Street');
    await clinician.button('Sign out');
    await clinician.page.getByRole('heading', { name: 'You have signed out' }).waitFor();
  });
});

describe('on a screen 320 px wide, by keyboard alone', () => {
  it('a patient is found: nothing is cut off, focus is always seen, and the skip link is first', async () => {
    const clinician = await Visitor.signIn('Dr Ngozi Okafor', { viewport: { width: 320, height: 640 } });
    const { page } = clinician;
    const fits = async (): Promise<void> => expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
    /** Tabs until what is focused has this name. */
    const tabTo = async (name: string | RegExp): Promise<void> => {
      for (let tabs = 0; tabs < 60; tabs++) {
        await page.keyboard.press('Tab');
        const focused = page.locator(':focus');
        expect(await focused.evaluate((element) => element.getClientRects().length > 0)).toBe(true);
        const label = await focused.evaluate((element) => (element as unknown as { labels?: { textContent: string }[] }).labels?.[0]?.textContent ?? element.textContent ?? '');
        if (typeof name === 'string' ? label.trim() === name : name.test(label)) return;
      }
      throw new Error(`${String(name)} cannot be reached by keyboard`);
    };
    await clinician.sees('What do you want to do?');
    await fits();
    await tabTo('Skip to main content');
    await page.keyboard.press('Enter');
    await tabTo('Find a patient');
    await page.keyboard.press('Enter');
    await clinician.sees('Find a patient');
    await fits();
    await tabTo('Basic search');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/basic');
    await tabTo('Last name');
    await page.keyboard.type(family);
    for (const [part, value] of [['Day', '4'], ['Month', '3'], ['Year', '1985']] as const) {
      await tabTo(part);
      await page.keyboard.type(value);
    }
    await page.keyboard.press('Enter');
    await clinician.sees('1 patient found');
    await fits();
    await tabTo(/^TES/);
    await page.keyboard.press('Enter');
    await clinician.sees('Patient details');
    await fits();
  });
});
