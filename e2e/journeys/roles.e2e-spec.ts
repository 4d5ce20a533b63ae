import { Visitor } from './visitor';

const ADMINISTRATOR = 'Mr Mohammed Iqbal';
const HOSPITAL = 'Example University Hospitals NHS Foundation Trust';
const COMMUNITY = 'Example Community NHS Trust';

describe('somebody with two roles', () => {
  it('picks one at CIS2, and changes to the other: what was open before does not open any more', async () => {
    const administrator = await Visitor.signIn(ADMINISTRATOR);
    await administrator.sees('Choose your role');
    await administrator.page.getByLabel(HOSPITAL).check();
    await administrator.button('Continue');
    await administrator.sees('What do you want to do?');
    expect(await administrator.text()).toContain(`Admin/Clinical Support Access Role at ${HOSPITAL}`);
    await administrator.open('9000000009');
    await administrator.sees('Patient details');
    const patientPage = administrator.page.url();
    const before = await administrator.sessionCookie();

    await administrator.link('Change role');
    await administrator.sees('Which role are you working in?');
    await administrator.page.getByLabel('Clerical Access Role').check();
    await administrator.button('Continue');
    await administrator.sees('What do you want to do?');
    expect(await administrator.text()).toContain(`Clerical Access Role at ${COMMUNITY}`);
    expect(await administrator.sessionCookie()).not.toBe(before);
    await administrator.page.goto(patientPage);
    await administrator.sees('This link does not work any more');
  });

  it('decides later, and is asked by the portal before anything else', async () => {
    const administrator = await Visitor.signIn(ADMINISTRATOR);
    await administrator.sees('Choose your role');
    await administrator.page.getByLabel('Decide later').check();
    await administrator.button('Continue');
    await administrator.sees('Which role are you working in?');
    await administrator.page.goto('/find-a-patient');
    await administrator.sees('Choose a role first');
    await administrator.link('Choose a role');
    await administrator.page.getByLabel('Clerical Access Role').check();
    await administrator.button('Continue');
    await administrator.page.goto('/find-a-patient');
    await administrator.sees('Find a patient');
  });
});
