import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { applicationTokens, Supplier, TRACING_APP } from '../api/supplier';
import { addPatients, aPatient, type TestPatient } from '../patients';
import { ROOT, thePlatform } from '../platform';
import { Visitor } from './visitor';

const OFFICER = 'Mrs Margaret Holloway';
const GUARDIAN = 'Dr Rajesh Mistry';
const EXAMPLE = join(ROOT, 'services/audit/src/feed/fixtures/PARS-AuditEvent-user-restricted-hl7v3-gpsummary-read-Example.json');
const patients = Array.from({ length: 4 }, () => aPatient());
const [first, second] = patients as [TestPatient, TestPatient, ...TestPatient[]];

beforeAll(() => addPatients(thePlatform(), ...patients));

/** A supplier's system feeds that somebody opened a summary in an emergency, without asking the patient. */
async function emergencyAccess({ id }: TestPatient): Promise<void> {
  const supplier = new Supplier(thePlatform(), (await applicationTokens(thePlatform(), TRACING_APP)).access_token);
  const text = readFileSync(EXAMPLE, 'utf8').replaceAll('"9999999991"', `"${id}"`).replace(/"(ABC|X26)"/, '"RZZ01"');
  const event = {
    ...(JSON.parse(text) as object),
    id: randomUUID(),
    recorded: new Date().toISOString(),
    purposeOfEvent: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'BTG', display: 'break the glass' }] }],
  };
  const { status, body } = await supplier.call('/audit/FHIR/R4/AuditEvent', { method: 'POST', headers: { 'content-type': 'application/fhir+json' }, body: event });
  if (status !== 201) throw new Error(`Not fed: ${status} ${JSON.stringify(body)}`);
}

async function signedIn(person: string): Promise<Visitor> {
  const visitor = await Visitor.signIn(person);
  await visitor.sees('What do you want to do?');
  return visitor;
}

/** Overridden permissions that are new, newest first, once there is a newer one than so many. */
async function newestAlert(officer: Visitor, than: number): Promise<number> {
  for (const deadline = Date.now() + 20_000; ; await delay(300)) {
    await officer.page.goto('/desk/alerts?status-new=yes&rule=national-type-2');
    const count = Number(/(\d+) alerts?, newest first/.exec(await officer.text())?.[1] ?? 0);
    if (count > than) return count;
    if (Date.now() > deadline) throw new Error(`No alert was raised: ${count} are new`);
  }
}

const openNewest = async (officer: Visitor): Promise<void> => {
  await officer.sees('Alerts');
  await officer.page.getByRole('link', { name: 'Permission to view overridden' }).first().click();
  await officer.sees(/Permission to view overridden/);
};

/** The guardian reads the draft, and lets the person know all that waits for her decision. */
async function decideAll(request: string): Promise<void> {
  const guardian = await signedIn(GUARDIAN);
  for (;;) {
    await guardian.page.goto(request);
    await guardian.page.getByRole('heading', { name: 'The answer' }).waitFor({ timeout: 30_000 });
    const waiting = await guardian.page.getByRole('link', { name: /Draft to decide on/ }).count();
    if (waiting === 0) return;
    const [first = ''] = await guardian.page.locator('section[aria-labelledby=answer] li').allInnerTexts();
    await guardian.link('Show a part');
    await guardian.sees(/Show a part/);
    await guardian.page.getByLabel(first.replace(/: \d+$/, '')).check();
    await guardian.page.getByLabel('Why').fill('Nobody is harmed.');
    await guardian.button('Show it');
    await guardian.sees(/Subject access request/);
  }
}

describe('the privacy desk', () => {
  it('an officer handles an emergency access from its alert to the close', async () => {
    await emergencyAccess(first);
    const officer = await signedIn(OFFICER);
    await newestAlert(officer, 0);
    const list = await officer.text();
    expect(list).not.toContain(first.id.replace(/(...)(...)/, '$1 $2 '));
    await openNewest(officer);
    const alert = await officer.text();
    for (const fact of ['Emergency', first.id.replace(/(...)(...)/, '$1 $2 '), 'Emergency override', 'Raised']) expect(alert).toContain(fact);

    await officer.button('Start looking into it');
    await officer.sees(/Permission to view overridden/);
    expect(await officer.text()).toContain('Investigation started');
    await officer.page.getByRole('link', { name: /^Proof of the access/ }).first().click();
    await officer.sees(/Proof of an access/);
    expect(await officer.text()).toContain('has not been changed since');
    await officer.page.goBack();

    await officer.link('Add a note');
    await officer.sees(/Add a note/);
    await officer.button('Add note');
    await officer.sees(/Add a note/);
    expect(await officer.text()).toContain('Enter a note');
    await officer.page.getByLabel('Note', { exact: true }).fill('Asked the ward: the patient came in unconscious.');
    await officer.button('Add note');
    await officer.sees(/Permission to view overridden/);

    await officer.link('Close it');
    await officer.sees(/Close it/);
    await officer.page.getByLabel('Appropriate', { exact: true }).check();
    await officer.page.getByLabel('What you found').fill('In order.');
    await officer.button('Close alert');
    await officer.sees(/Permission to view overridden/);
    const closed = await officer.text();
    for (const fact of ['Closed', 'Closed as appropriate', 'Asked the ward', 'In order.']) expect(closed).toContain(fact);
  });

  it('two officers who act at once: the second sees what the first did, and keeps the words', async () => {
    await emergencyAccess(second);
    const officer = await signedIn(OFFICER);
    await newestAlert(officer, 0);
    await openNewest(officer);
    const address = officer.page.url();
    await officer.page.goto(`${address}/note`);
    await officer.page.getByLabel('Note', { exact: true }).fill('Mine');
    const tab = await officer.page.context().newPage();
    await tab.goto(`${address}/note`);
    await tab.getByLabel('Note', { exact: true }).fill('Theirs');
    await tab.getByRole('button', { name: 'Add note' }).click();
    await tab.getByText('The alert was updated').waitFor();
    await officer.button('Add note');
    await officer.page.getByRole('heading', { name: 'Somebody else changed this alert' }).waitFor();
    await officer.sees(/Add a note/);
    expect(await officer.text()).toContain('Theirs');
    expect(await officer.page.getByLabel('Note', { exact: true }).inputValue()).toBe('Mine');
    await officer.button('Add note');
    await officer.sees(/Permission to view overridden/);
  });

  it('the guardian takes an alert that the officer passed on', async () => {
    await emergencyAccess(second);
    const officer = await signedIn(OFFICER);
    await newestAlert(officer, 0);
    await openNewest(officer);
    const address = new URL(officer.page.url()).pathname;
    await officer.link('Pass it to the Caldicott Guardian');
    await officer.sees(/Pass it to the Caldicott Guardian/);
    await officer.page.getByLabel('Why the guardian should decide').fill('The viewer is my sister.');
    await officer.button('Pass to the guardian');
    await officer.sees(/Permission to view overridden/);
    expect(await officer.text()).toContain('Passed to the Caldicott Guardian');

    const guardian = await signedIn(GUARDIAN);
    await guardian.page.goto('/desk');
    await guardian.sees('Privacy desk');
    await guardian.link(/with the guardian/);
    await guardian.sees('Alerts');
    await guardian.page.goto(address);
    await guardian.sees(/Permission to view overridden/);
    expect(await guardian.text()).toContain('The viewer is my sister.');
    await guardian.button('Start looking into it');
    await guardian.sees(/Permission to view overridden/);
    await guardian.link('Close it');
    await guardian.page.getByLabel('Inappropriate', { exact: true }).check();
    await guardian.page.getByLabel('What you found').fill('Reported.');
    await guardian.button('Close alert');
    await guardian.sees(/Permission to view overridden/);
    expect(await guardian.text()).toContain('Closed as inappropriate');
  });

  it('an officer draws a sample, by a procedure that she may change', async () => {
    const officer = await signedIn(OFFICER);
    await officer.page.goto('/desk/policy');
    await officer.sees('Procedure and thresholds');
    await officer.fill({ 'Percent of alerts that are checked': '100' });
    await officer.button('Save');
    await officer.sees('Procedure and thresholds');
    expect(await officer.text()).toContain('The procedure was saved');
    await officer.page.goto('/desk');
    await officer.sees('Privacy desk');
    await officer.link('Samples');
    await officer.sees('Samples');
    await officer.button('Draw sample');
    await officer.sees(/Sample/);
    const sample = await officer.text();
    expect(sample).toMatch(/(\d+) of \1 alerts/);
    expect(sample).toContain('Close the rest');
    await officer.page.goto('/desk/samples');
    expect(await officer.text()).toContain('Samples drawn');
  });

  it.each([
    ['in a browser', {}],
    ['without JavaScript', { javaScriptEnabled: false }],
  ])('an officer exports a report %s', async (_, options) => {
    const officer = await Visitor.signIn(OFFICER, options);
    await officer.sees('What do you want to do?');
    await officer.page.goto('/reports/patient-access');
    await officer.fill({ 'NHS number': first.id });
    await officer.button('Show who looked');
    await officer.sees('Who looked at a patient');
    await officer.button('Export as CSV');
    await officer.page.getByRole('heading', { name: /Your file is ready/ }).waitFor({ timeout: 20_000 });
    const [download] = await Promise.all([officer.page.waitForEvent('download'), officer.button('Download CSV')]);
    expect(download.suggestedFilename()).toMatch(/\.csv$/);
    const text = readFileSync(await download.path(), 'utf8');
    expect(text).toContain(first.id);
  });

  it('an officer answers a subject access request, on which the guardian decides', async () => {
    await emergencyAccess(first);
    const officer = await signedIn(OFFICER);
    await officer.page.goto('/subject-access/new');
    await officer.sees('Start a subject access request');
    await officer.fill({ 'NHS number': first.id });
    await officer.button('Start request');
    await officer.sees('Start a subject access request');
    expect(await officer.text()).toContain('Select the documents that you saw');
    await officer.page.getByLabel('Passport').check();
    await officer.button('Start request');
    await officer.page.getByText('Select a document with an address as well').first().waitFor();
    await officer.page.getByLabel('Utility bill').check();
    await officer.button('Start request');
    await officer.page.getByRole('heading', { name: 'The answer' }).waitFor({ timeout: 30_000 });
    await officer.sees(/Subject access request/);
    await officer.page.getByText('With the guardian').first().waitFor();
    await decideAll(officer.page.url());
    await officer.page.reload();
    await officer.page.getByRole('link', { name: /PDF/ }).waitFor({ timeout: 30_000 });

    const [pdf] = await Promise.all([officer.page.waitForEvent('download'), officer.page.getByRole('link', { name: /PDF/ }).click()]);
    expect(readFileSync(await pdf.path()).subarray(0, 5).toString()).toBe('%PDF-');
    const [letter] = await Promise.all([officer.page.waitForEvent('popup'), officer.page.getByRole('link', { name: /Letter to read here/ }).click()]);
    expect(await letter.locator('body').innerText()).toContain('In an emergency');
    await letter.close();
    const [json] = await Promise.all([officer.page.waitForEvent('download'), officer.page.getByRole('link', { name: /JSON/ }).click()]);
    expect(readFileSync(await json.path(), 'utf8')).toContain('checkpoint');

    await officer.link('Record that it was sent');
    await officer.sees(/Record that it was sent/);
    await officer.page.getByLabel('How it was sent').fill('By post.');
    await officer.button('Record as sent');
    await officer.sees(/Subject access request/);
    expect(await officer.text()).toContain('Sent to the person');
  });
});
