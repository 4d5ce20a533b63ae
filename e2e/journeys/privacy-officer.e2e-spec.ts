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

    await officer.page.getByRole('link', { name: 'Who looked at a patient' }).first().click();
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
    await officer.sees(/Who looked at this patient/);
    const listed = await officer.text();
    for (const fact of ['Nair', '555000000103', 'Nurse Access Role', '(RZZ01)', 'Opened the record', 'Done']) expect(listed).toContain(fact);

    // 25 more: more than a page
    for (let visit = 0; visit < 25; visit++) await clinician.page.reload();
    await officer.page.reload();
    await officer.page.getByRole('link', { name: /Next/ }).click();
    await officer.sees(/Who looked at this patient/);
    expect(await officer.text()).toContain('page 2');
    await officer.page.getByRole('link', { name: /First page/ }).click();
    await officer.sees(/Who looked at this patient/);

    await officer.page.getByText('Filter by date, user or outcome').click();
    await officer.fill({ 'User ID': '555000000107' });
    await officer.button('Show');
    await officer.sees(/Who looked at this patient/);
    const filtered = await officer.text();
    expect(filtered).toContain('Holloway'); // her own report is an access too
    expect(filtered).not.toContain('Nair');

    await officer.page.getByText('Filter by date, user or outcome').click();
    await officer.page.getByLabel('Outcome').selectOption('Refused');
    await officer.button('Show');
    await officer.sees(/Who looked at this patient/);
    expect(await officer.text()).toContain('Nobody looked at this patient');
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
    expect(await officer.text()).toContain('Enter a user ID');
    await officer.fill({ 'User ID': '555000000116' });
    await officer.button('Show what they did');
    await officer.sees(/What this user did/);
    for (const fact of ['Osei', 'Signed in', 'Opened the record']) expect(await officer.text()).toContain(fact);
    const shown = patient.id.replace(/(...)(...)/, '$1 $2 ');
    await officer.page.getByRole('link', { name: shown }).first().click();
    await officer.sees(/Who looked at this patient/);
    expect(await officer.text()).toContain(shown);
  });

  it('who signed in at AAL2 is asked to sign in again, more strongly, and then sees the page', async () => {
    const officer = await Visitor.signIn(OFFICER, { authenticator: AUTHENTICATOR_APP });
    await officer.sees('What do you want to do?');
    const before = await officer.sessionCookie();
    await officer.page.getByRole('link', { name: 'Who looked at a patient' }).first().click();
    await officer.sees('Sign in');
    expect(await officer.page.getByRole('radio', { name: AUTHENTICATOR_APP }).count()).toBe(0);
    await officer.identify(OFFICER);
    await officer.sees('Who looked at a patient');
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
    expect(await clinician.page.getByRole('link', { name: /Who looked/ }).count()).toBe(0);
    for (const page of ['/who-looked', '/user-activity']) {
      await clinician.page.goto(page);
      await clinician.sees('Your role cannot see who looked at records');
    }
  });
});
