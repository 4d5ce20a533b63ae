import { addPatients, aPatient } from '../patients';
import { thePlatform } from '../platform';
import { AUTHENTICATOR_APP, Visitor } from './visitor';

const patient = aPatient({ label: 'R' });
const family = patient.name?.[0]?.family ?? '';
const LOCATION = ['7 Test Lane', '3 Former Street', 'LS1 6AE', 'YO1 7HH', '07700900982', 'Y12345'];

beforeAll(() => addPatients(thePlatform(), patient));

const expectNoLocation = async (visitor: Visitor): Promise<void> => {
  const html = await visitor.page.content();
  for (const place of LOCATION) expect(html).not.toContain(place);
};

describe('a patient whose record is restricted', () => {
  it('is shown without a place or a way to reach them, and cannot be changed', async () => {
    const clinician = await Visitor.signIn('Dr Ngozi Okafor');
    await clinician.sees('What do you want to do?');
    await clinician.open(patient.id);
    await clinician.sees('Patient details');
    expect(await clinician.text()).toContain('Sensitive record: location is hidden');
    expect(await clinician.text()).toContain(family.toUpperCase());
    await expectNoLocation(clinician);
    expect(await clinician.page.getByRole('link', { name: /^(Change|Add) / }).allTextContents()).toEqual([]);
  });

  it('is found by name without a place, and not at all by postcode', async () => {
    const clinician = await Visitor.signIn('Dr Ngozi Okafor');
    await clinician.sees('What do you want to do?');
    await clinician.page.goto('/find-a-patient/basic');
    await clinician.fill({ 'Last name': family, 'Date of birth': '4 3 1985' });
    await clinician.button('Search');
    await clinician.sees('1 patient found');
    expect(await clinician.text()).toContain('Sensitive');
    await expectNoLocation(clinician);
    await clinician.link('Change this search');
    await clinician.fill({ Postcode: 'LS1 6AE' });
    await clinician.button('Search');
    await clinician.sees(/No patient/);
  });

  it('shows no place to a records manager either who signed in at AAL2', async () => {
    const manager = await Visitor.signIn('Ms Mei-Ling Chan', { authenticator: AUTHENTICATOR_APP });
    await manager.sees('What do you want to do?');
    await manager.open(patient.id);
    await manager.sees('Patient details');
    await expectNoLocation(manager);
  });
});
