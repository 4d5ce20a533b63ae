import { setTimeout as delay } from 'node:timers/promises';
import { addPatients, aPatient } from '../patients';
import { thePlatform } from '../platform';
import { AUTHENTICATOR_APP, Visitor } from './visitor';

const OFFICER = 'Mrs Margaret Holloway';
const patient = aPatient();

beforeAll(() => addPatients(thePlatform(), patient));

describe('a privacy officer', () => {
  it('sees within 5 s who looked at a patient, filters, and turns pages', async () => {
    const clinician = await Visitor.signIn('Ms Priya Nair');
    await clinician.sees('What do you want to do?');
    const officer = await Visitor.signIn(OFFICER);
    await officer.sees('What do you want to do?');

    await officer.page.goto('/reports/patient-access');
    await officer.sees('Who looked at a patient');
    await officer.fill({ 'NHS number': patient.id });

    await clinician.open(patient.id);
    await clinician.page.getByRole('heading', { name: 'Patient details' }).waitFor();
    const lookedAt = Date.now();
    await officer.button('Show who looked');
    for (; !(await officer.text()).includes('Nair'); await delay(100)) {
      expect(Date.now() - lookedAt).toBeLessThan(5000);
      await officer.page.reload();
    }
    await officer.sees('Who looked at a patient');
    const listed = await officer.text();
    for (const fact of ['Ms Priya Nair', '555000000103', 'Nurse Access Role', '(RZZ01)', 'Opened the record', 'With related people', 'Done']) {
      expect(listed).toContain(fact);
    }

    // 25 more: more than a page
    for (let visit = 0; visit < 25; visit++) await clinician.page.reload();
    await officer.page.reload();
    await officer.page.getByRole('link', { name: /Next/ }).click();
    await officer.sees('Who looked at a patient');
    expect(await officer.text()).toContain('page 2');
    await officer.page.getByRole('link', { name: /First page/ }).click();
    await officer.sees('Who looked at a patient');

    const filtered = async (answers: Record<string, string>, outcome = ''): Promise<string> => {
      await officer.link('Filter or change');
      await officer.fill(answers);
      await officer.page.getByLabel('Outcome').selectOption(outcome);
      await officer.button('Show who looked');
      await officer.page.getByRole('heading', { name: 'What this report covers' }).waitFor();
      await officer.sees('Who looked at a patient');
      return officer.text();
    };
    const own = await filtered({ 'Name or user ID of staff': 'Holloway' });
    expect(own).toContain('Ran an access report'); // her own report is an access too
    expect(own).not.toContain('Nair');
    expect(await filtered({ 'Name or user ID of staff': '' }, '4')).toContain('Nobody in your organisation looked at this patient');
  });

  it('sees what a user did, and goes on to who else looked at one of the patients', async () => {
    const manager = await Visitor.signIn('Ms Grace Osei');
    await manager.sees('What do you want to do?');
    await manager.open(patient.id);
    await manager.sees('Patient details');
    const officer = await Visitor.signIn(OFFICER);
    await officer.sees('What do you want to do?');
    await officer.page.goto('/user-activity');
    await officer.sees('What a user did');
    await officer.button('Show what they did');
    await officer.sees('What a user did');
    expect(await officer.text()).toContain('Enter a name or a user ID');
    await officer.fill({ 'Name or user ID of staff': 'Osei' });
    await officer.button('Show what they did');
    await officer.page.getByRole('heading', { name: 'What this report covers' }).waitFor();
    await officer.sees('What a user did');
    const shown = patient.id.replace(/(...)(...)/, '$1 $2 ');
    for (; !(await officer.text()).includes(shown); await delay(100)) await officer.page.reload();
    for (const fact of ['Osei', 'Signed in', 'Opened the record']) expect(await officer.text()).toContain(fact);
    await officer.page.getByRole('link', { name: shown }).first().click();
    await officer.sees('Who looked at a patient');
    expect(await officer.text()).toContain(shown);
  });

  it('who signed in at AAL2 is asked to sign in again, more strongly, and then sees the page', async () => {
    const officer = await Visitor.signIn(OFFICER, { authenticator: AUTHENTICATOR_APP });
    await officer.sees('What do you want to do?');
    const before = await officer.sessionCookie();
    await officer.page.getByRole('link', { name: 'Reports' }).first().click();
    await officer.sees('Sign in');
    expect(await officer.page.getByRole('radio', { name: AUTHENTICATOR_APP }).count()).toBe(0);
    await officer.identify(OFFICER);
    await officer.sees('Reports');
    expect(await officer.sessionCookie()).not.toBe(before);
  });

  it('is not stepped up as somebody else', async () => {
    const officer = await Visitor.signIn(OFFICER, { authenticator: AUTHENTICATOR_APP });
    await officer.sees('What do you want to do?');
    await officer.page.goto('/who-looked');
    await officer.identify('Dr Rajesh Mistry');
    await officer.sees('Sorry, we could not sign you in');
  });

  it('is the only one who sees these pages', async () => {
    const clinician = await Visitor.signIn('Dr Ngozi Okafor');
    await clinician.sees('What do you want to do?');
    expect(await clinician.page.getByRole('link', { name: /Privacy desk|Reports/ }).count()).toBe(0);
    for (const page of ['/who-looked', '/user-activity', '/reports', '/desk', '/desk/alerts']) {
      await clinician.page.goto(page);
      await clinician.sees('Your role cannot see who looked at records');
    }
  });
});
