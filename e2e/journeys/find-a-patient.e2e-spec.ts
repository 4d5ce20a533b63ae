import { addPatients, aPatient } from '../patients';
import { thePlatform } from '../platform';
import { Visitor } from './visitor';

const patient = aPatient({ given: ['Imogen', 'Rose'] });
const family = patient.name?.[0]?.family ?? '';
const inBanner = `${family.toUpperCase()}, Imogen Rose (Mrs)`;
const born = '4 3 1985';

const crowd = Array.from({ length: 51 }, () => aPatient({ family: 'Teskrowded' }));

beforeAll(() => addPatients(thePlatform(), patient, ...crowd));

describe('a clinician', () => {
  it('signs in, finds a patient by NHS number, reads details and history, and signs out', async () => {
    const clinician = await Visitor.arrive();
    await clinician.page.goto('/');
    await clinician.sees('National care records');
    await clinician.button('Sign in with CIS2');
    await clinician.identify('Dr Ngozi Okafor');
    await clinician.sees('What do you want to do?');
    expect(await clinician.text()).toContain('Clinical Practitioner Access Role');

    await clinician.page.getByRole('link', { name: 'Find a patient' }).first().click();
    await clinician.sees('Find a patient');
    await clinician.fill({ 'NHS number': patient.id.replace(/(...)(...)/, '$1 $2 ') });
    await clinician.button('Find patient');
    await clinician.sees('Patient details');
    const text = await clinician.text();
    for (const fact of [inBanner, '4 March 1985', '7 Test Lane', 'LS1 6AE', '07700900982', 'Y12345']) expect(text).toContain(fact);
    expect(text).toMatch(/History.*Previous addresses.*3 Former Street York/);

    await clinician.button('Sign out');
    await clinician.sees('You have signed out');
    await clinician.page.goto('/find-a-patient');
    await clinician.sees('Sign in');
  });

  it('is told what is wrong with an NHS number', async () => {
    const clinician = await Visitor.signIn('Dr Ngozi Okafor');
    await clinician.open('9990000000');
    await clinician.sees('Find a patient');
    expect(await clinician.text()).toContain('There is a problem Enter a real NHS number');
    await clinician.open('9990000263');
    await clinician.sees(/No record for NHS number/);
  });

  it('finds a patient by a basic search, and by an advanced one for a name that sounds alike', async () => {
    const clinician = await Visitor.signIn('Dr Ngozi Okafor');
    await clinician.page.goto('/find-a-patient');
    await clinician.link('Basic search');
    await clinician.sees('Find a patient');
    await clinician.fill({ 'Last name': family, 'Date of birth': born });
    await clinician.button('Search');
    await clinician.sees('1 patient found');
    await clinician.link(inBanner);
    await clinician.sees('Patient details');

    await clinician.page.goto('/find-a-patient/advanced');
    await clinician.sees('Find a patient');
    await clinician.fill({ 'Last name': `${family.slice(0, 5)}*`, 'Date of birth, or the earliest it could be': '1 3 1985', 'Latest date of birth': '31 3 1985' });
    await clinician.button('Search');
    await clinician.sees(/patients? found/);
    await clinician.link(inBanner);
    await clinician.sees('Patient details');

    await clinician.page.goto('/find-a-patient/advanced');
    await clinician.fill({ 'Last name': 'Imogen', 'First name': family, 'Date of birth, or the earliest it could be': born });
    await clinician.page.getByLabel('Find names that sound alike or are in the wrong order').check();
    await clinician.button('Search');
    await clinician.sees(/patients? found/);
    await clinician.link(inBanner);
    await clinician.sees('Patient details');
  });

  it('is told when nobody fits, when too many do, and changes the search', async () => {
    const clinician = await Visitor.signIn('Dr Ngozi Okafor');
    await clinician.page.goto('/find-a-patient/basic');
    await clinician.fill({ 'Last name': family, 'Date of birth': '5 3 1985' });
    await clinician.button('Search');
    await clinician.sees(/No patient/);
    await clinician.link('Change this search');
    await clinician.sees('Find a patient');
    await clinician.fill({ 'Date of birth': born });
    await clinician.button('Search');
    await clinician.sees('1 patient found');

    await clinician.page.goto('/find-a-patient/advanced');
    await clinician.fill({ 'Last name': 'Teskrow*', 'Date of birth, or the earliest it could be': born });
    await clinician.button('Search');
    await clinician.sees(/[Tt]oo many/);
  });
});
