import { addPatients, aPatient } from '../patients';
import { thePlatform } from '../platform';
import { Visitor } from './visitor';

const SECRETARY = 'Mrs Siobhan Gallagher';
const CONSULTANT = 'Dr Ngozi Okafor';

async function atPatient(person: string, nhsNumber: string): Promise<Visitor> {
  const visitor = await Visitor.signIn(person);
  await visitor.sees('What do you want to do?');
  await visitor.open(nhsNumber);
  await visitor.sees('Patient details');
  return visitor;
}

describe('somebody who may change details', () => {
  it('corrects a home address and a phone number, and adds an email address', async () => {
    const patient = aPatient();
    await addPatients(thePlatform(), patient);
    const secretary = await atPatient(SECRETARY, patient.id);
    await secretary.link('Change home address');
    await secretary.sees('Change home address');
    await secretary.fill({ 'Building or house name': 'Rose Cottage', 'Number and street': '12 New Road', 'Town or city': 'Harrogate', Postcode: 'hg11aa' });
    await secretary.button('Save');
    await secretary.sees('Patient details');
    expect(await secretary.text()).toContain('The home address was changed');
    expect(await secretary.text()).toContain('Rose Cottage 12 New Road Harrogate HG1 1AA');
    expect(await secretary.text()).not.toContain('7 Test Lane');

    await secretary.link(/^Change mobile/);
    await secretary.sees('Change phone numbers and email');
    await secretary.fill({ 'Mobile phone': '07700900111', 'Email address': 'imogen@example.com' });
    await secretary.button('Save');
    await secretary.sees('Patient details');
    const text = await secretary.text();
    for (const fact of ['The contact details were changed', '07700900111', 'imogen@example.com', 'Version of this record 3']) expect(text).toContain(fact);
  });

  it('is told at the question what is wrong, and keeps what was typed', async () => {
    const patient = aPatient();
    await addPatients(thePlatform(), patient);
    const secretary = await atPatient(SECRETARY, patient.id);
    await secretary.link('Change home address');
    await secretary.fill({ 'Number and street': '12 New Road', 'Town or city': '', Postcode: 'nonsense' });
    await secretary.button('Save');
    await secretary.sees('Change home address');
    expect(await secretary.text()).toContain('Enter a full UK postcode');
    expect(await secretary.page.getByLabel('Number and street').inputValue()).toBe('12 New Road');
    await secretary.link('Cancel');
    expect(await secretary.text()).toContain('7 Test Lane');
  });
});

describe('two people who change one record', () => {
  it('the second is shown what the first did, and saves on top without undoing it', async () => {
    const patient = aPatient();
    await addPatients(thePlatform(), patient);
    const first = await atPatient(CONSULTANT, patient.id);
    const second = await atPatient(SECRETARY, patient.id);
    await first.link(/^Change mobile/);
    await second.link(/^Change mobile/);

    await first.fill({ 'Mobile phone': '07700900222' });
    await first.button('Save');
    await first.sees('Patient details');
    await second.fill({ 'Email address': 'second@example.com' });
    await second.button('Save');

    await second.sees('Someone else changed this record');
    const compared = await second.text();
    for (const fact of ['07700900982', '07700900222', 'second@example.com', 'Not changed by you']) expect(compared).toContain(fact);
    await second.button('Save my change on top');
    await second.sees('Patient details');
    for (const fact of ['07700900222', 'second@example.com']) expect(await second.text()).toContain(fact);
    expect(await second.text()).toContain('Version of this record 3');
  });

  it('the second gives way', async () => {
    const patient = aPatient();
    await addPatients(thePlatform(), patient);
    const first = await atPatient(CONSULTANT, patient.id);
    const second = await atPatient(SECRETARY, patient.id);
    for (const visitor of [first, second]) await visitor.link('Change home address');
    for (const [visitor, street] of [[first, '1 First Street'], [second, '2 Second Street']] as const) {
      await visitor.fill({ 'Number and street': street });
      await visitor.button('Save');
    }
    await second.sees('Someone else changed this record');
    expect(await second.text()).toMatch(/1 First Street Changed.*2 Second Street Replaces it/);
    await second.button('Discard my change');
    await second.sees('Patient details');
    expect(await second.text()).toContain('1 First Street');
    expect(await second.text()).not.toContain('2 Second Street');
  });
});
