import { readFileSync } from 'node:fs';
import { eventually } from '@carespine/test-kit';
import { addPatients, aPatient } from '../patients';
import { thePlatform } from '../platform';
import { addPointers } from '../pointers';
import { Visitor } from './visitor';

const patient = aPatient();
const restricted = aPatient({ label: 'R' });
const PLAN = 'End of life care coordination summary';

beforeAll(async () => {
  await addPatients(thePlatform(), patient, restricted);
  await addPointers(
    thePlatform(),
    { nhsNumber: patient.id, path: 'documents/end-of-life-care-plan.pdf' },
    { nhsNumber: patient.id, path: 'script', contentType: 'text/html', type: '736253002' },
    { nhsNumber: patient.id, path: 'documents/advance-care-plan.json', contentType: 'application/fhir+json', type: '736366004' },
    { nhsNumber: patient.id, path: 'status/500', type: '735324008' },
    { nhsNumber: restricted.id, path: 'documents/end-of-life-care-plan.pdf' },
  );
});

const signedIn = async (person: string): Promise<Visitor> => {
  const visitor = await Visitor.signIn(person);
  await visitor.sees('What do you want to do?');
  return visitor;
};
const recordsOf = async (visitor: Visitor, nhsNumber: string): Promise<void> => {
  await visitor.open(nhsNumber);
  await visitor.sees('Patient details');
  await visitor.link('Records held elsewhere');
  await visitor.sees('Records held elsewhere');
};

describe('records that other organisations hold', () => {
  it('an end-of-life care plan of another region opens from the patient’s page', async () => {
    const clinician = await signedIn('Dr Ngozi Okafor');
    await recordsOf(clinician, patient.id);
    expect(await clinician.text()).toContain('Example Community NHS Trust (RZZ02)');
    await clinician.page.getByRole('link', { name: new RegExp(`^Open ?: ${PLAN}`) }).click();
    await clinician.sees(PLAN);
    const frame = clinician.page.frameLocator('iframe');
    await frame.getByText('It is about nobody').waitFor({ state: 'attached' });
    expect(await frame.locator('html').evaluate('self.origin')).toBe('null');
    const [file] = await Promise.all([clinician.page.waitForEvent('download'), clinician.link('Download as a file (PDF)')]);
    expect(file.suggestedFilename()).toMatch(/^End-of-life-care-coordination-summary-.*\.pdf$/);
    expect(readFileSync(await file.path(), 'latin1').slice(0, 5)).toBe('%PDF-');
  });

  it('narrowed down to a type, and on a timeline', async () => {
    const clinician = await signedIn('Dr Ngozi Okafor');
    await recordsOf(clinician, patient.id);
    await clinician.page.getByLabel('Type', { exact: true }).selectOption(PLAN);
    await clinician.button('Show records');
    await clinician.page.getByText('1 record of 4').waitFor();
    await clinician.link('Show all');
    await clinician.link('Show as a timeline');
    await clinician.sees('Records held elsewhere');
    expect(await clinician.page.locator('.app-timeline__entry').count()).toBe(4);
  });

  it('a page of theirs is shown without running anything of it, and a structured record as a tree', async () => {
    const clinician = await signedIn('Dr Ngozi Okafor');
    await recordsOf(clinician, patient.id);
    await clinician.page.getByRole('link', { name: /^Open ?: Mental health crisis plan/ }).click();
    await clinician.sees('Mental health crisis plan');
    const frame = clinician.page.frameLocator('iframe');
    await frame.getByRole('heading', { name: 'Care plan' }).waitFor();
    expect(await frame.locator('html').evaluate('[document.title, self.origin]')).toEqual(['Care plan', 'null']);
    // what the browser refused it, it says on the console: that is the point
    clinician.faults.splice(0, Infinity, ...clinician.faults.filter((fault) => !/^console: [^]*(Content Security Policy|sandboxed)/.test(fault)));
    await clinician.link('Back to records held elsewhere');
    await clinician.page.getByRole('link', { name: /^Open ?: Advance care plan/ }).click();
    await clinician.sees('Advance care plan');
    expect(await clinician.text()).toContain('resourceType Composition');
  });

  it('the provider’s viewer and its contact page open in a tab of their own that learns nothing of ours', async () => {
    const clinician = await Visitor.signIn('Dr Ngozi Okafor', { ignoreHTTPSErrors: true });
    await clinician.sees('What do you want to do?');
    await recordsOf(clinician, '9000000009'); // of the demo: has pointers of every mechanism
    const list = clinician.page.url();
    const opens = async (record: RegExp, heading: string, press: 'button' | 'link', name: RegExp, shown: string): Promise<unknown> => {
      await clinician.page.goto(list);
      await clinician.page.getByRole('link', { name: record }).click();
      await clinician.sees(heading);
      const [tab] = await Promise.all([clinician.page.waitForEvent('popup'), clinician.page.getByRole(press, { name }).click()]);
      await tab.getByText(shown).waitFor();
      return tab.evaluate('[document.referrer, window.opener]');
    };
    const nothing = ['', null];
    expect(await opens(/^Open ?: Clinical summary/, 'Clinical summary', 'button', /^Open the viewer/, 'The record opens here')).toEqual(nothing);
    expect(await opens(/^Who to contact ?:/, PLAN, 'link', /^Who to contact at/, 'Telephone 01632')).toEqual(nothing);
  });

  it('a provider that fails is named, with whom to ask and the request; its own page counts it', async () => {
    const clinician = await signedIn('Dr Ngozi Okafor');
    await recordsOf(clinician, patient.id);
    await clinician.page.getByRole('link', { name: /^Open ?: Treatment escalation plan/ }).click();
    await clinician.sees('The document could not be opened');
    const text = await clinician.text();
    for (const said of ['Its system had a fault of its own', 'Example Community NHS Trust', '01632 960 102', 'PROVIDER_ERROR']) expect(text).toContain(said);
    expect(text).toMatch(/request [\da-f]{8}-/);
    expect(text).not.toContain('internal detail');
    await clinician.button('Try again');
    await clinician.sees('The document could not be opened');

    const midwife = await signedIn('Ms Fatima Hussain');
    await midwife.page.getByRole('link', { name: 'Pointers', exact: true }).first().click();
    await midwife.sees('Pointers of your organisation');
    expect(await midwife.text()).toContain('PROVIDER_ERROR');
  });

  it('of a restricted patient are hidden from a clinician elsewhere, who is told why', async () => {
    const clinician = await signedIn('Dr Ngozi Okafor');
    await recordsOf(clinician, restricted.id);
    // the index learns of a restriction a moment after it is made
    await eventually(async () => {
      await clinician.page.reload();
      expect(await clinician.text()).toContain('No records are shown');
    });
    const text = await clinician.text();
    expect(text).toContain('where records are held is hidden');
    expect(text).not.toContain('RZZ02');
    const midwife = await signedIn('Ms Fatima Hussain');
    await recordsOf(midwife, restricted.id);
    expect(await midwife.text()).toContain(PLAN);
  });
});

describe('types of record', () => {
  it('are given and withdrawn by systems support', async () => {
    const support = await signedIn('Mr Callum MacLeod');
    await support.page.goto('/pointer-permissions');
    await support.sees('Types of record');
    await support.button('Give a permission');
    await support.sees('Give a permission');
    await support.page.getByLabel('See and open').check();
    const application = `journey-${Date.now()}`;
    await support.fill({ Application: application });
    await support.page.getByLabel(PLAN).check();
    await support.button('Save');
    await support.sees('Types of record');
    await support.page.getByRole('link', { name: new RegExp(`^Withdraw permission of ${application}`) }).click();
    await support.sees('Withdraw this permission?');
    await support.button('Withdraw permission');
    await support.sees('Types of record');
    expect(await support.text()).not.toContain(application);
  });
});
