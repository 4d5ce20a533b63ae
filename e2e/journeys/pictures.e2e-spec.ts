import { addPatients, aPatient } from '../patients';
import { thePlatform } from '../platform';
import { Visitor } from './visitor';

/** Pictures for the README, drawn when asked for: `SCREENSHOTS=1 npx jest --selectProjects e2e -- pictures`. */
describe('pictures', () => {
  const born = ['1948-11-02', '1962-07-19', '1977-01-30', '1985-03-04', '1991-12-11'];
  const people = [['Okonkwo', 'Adaeze Ruth'], ['Okonjo', 'Imogen'], ['Okonski', 'Piotr'], ['Okon', 'Grace'], ['Okonedo', 'Samuel']].map(([family = '', given = ''], i) =>
    aPatient({ family, given: given.split(' '), birthDate: born[i], gender: i % 2 ? 'female' : 'male' }),
  );
  const patient = aPatient({
    family: 'Okonkwo',
    given: ['Chidi', 'James'],
    gender: 'male',
    birthDate: '1979-05-23',
    name: [
      { id: 'N1', use: 'usual', family: 'Okonkwo', given: ['Chidi', 'James'], prefix: ['Mr'], period: { start: '1979-05-23' } },
      { id: 'N2', use: 'nickname', family: 'Okonkwo', given: ['Jim'], period: { start: '1995-01-01' } },
    ],
    address: [
      { id: 'A1', use: 'home', line: ['Flat 3', '21 Boar Lane', '', 'Leeds', 'West Yorkshire'], postalCode: 'LS1 6AE', period: { start: '2019-08-01' } },
      { id: 'A2', use: 'temp', text: 'Student Accommodation', line: ['', '4 College Court', '', 'York'], postalCode: 'YO10 5DD', period: { start: '2026-10-01', end: '2026-12-20' } },
      { id: 'A3', use: 'home', line: ['', '8 Harbour Road', '', 'Whitby'], postalCode: 'YO22 4AA', period: { start: '2005-03-01', end: '2019-07-31' } },
    ],
    telecom: [
      { id: 'T1', system: 'phone', use: 'mobile', value: '07700 900982', period: { start: '2019-08-01' } },
      { id: 'T2', system: 'email', use: 'home', value: 'chidi.okonkwo@example.com', period: { start: '2019-08-01' } },
    ],
  });
  const signedIn = async (person: string): Promise<Visitor> => {
    const visitor = await Visitor.signIn(person);
    await visitor.sees('What do you want to do?');
    return visitor;
  };

  beforeAll(() => addPatients(thePlatform(), patient, ...people));

  it('find, results, patient, who looked', async () => {
    const clinician = await signedIn('Dr Ngozi Okafor');
    await clinician.picture('home');
    await clinician.page.goto('/find-a-patient/basic');
    await clinician.sees('Find a patient');
    await clinician.picture('find');
    await clinician.page.goto('/find-a-patient/advanced');
    await clinician.fill({ 'Last name': 'Okon*', 'Date of birth, or the earliest it could be': '1 1 1940', 'Latest date of birth': '31 12 1995' });
    await clinician.button('Search');
    await clinician.sees(/patients found/);
    await clinician.picture('results');
    await clinician.open(patient.id);
    await clinician.sees('Patient details');
    await clinician.picture('patient');
    await clinician.link('Change home address');
    await clinician.sees('Change home address');
    await clinician.fill({ 'Number and street': '23 Boar Lane' });
    await clinician.button('Save');
    await clinician.sees('Patient details');

    for (const person of ['Ms Priya Nair', 'Mrs Siobhan Gallagher', 'Mrs Joanna Clarke']) {
      const visitor = await signedIn(person);
      await visitor.open(patient.id);
      await visitor.page.getByRole('heading', { name: 'Patient details' }).waitFor();
    }
    const officer = await signedIn('Mrs Margaret Holloway');
    await officer.page.goto('/reports/patient-access');
    await officer.fill({ 'NHS number': patient.id });
    await officer.button('Show who looked');
    await officer.sees('Who looked at a patient');
    await officer.page.reload();
    await officer.sees('Who looked at a patient');
    await officer.picture('who-looked');
  });
});
