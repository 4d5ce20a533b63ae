import { PortalInTests, privacyOfficer } from '../fixtures/portal-in-tests';
import { checkFilters, USER_FILTERS } from './access-filters';
import { describeAccess } from './access-view';
import { dateValues } from '../forms/form';

const portal = new PortalInTests();
beforeAll(() => portal.start());
afterAll(() => portal.stop());
beforeEach(() => (portal.apis.calls.length = 0));

const officer = privacyOfficer();
const NOW = new Date('2026-11-24T12:00:00Z');
const dates = { ...dateValues('from', '2026-11-01'), ...dateValues('to', '2026-11-24') };
const next = (body: string) => /href="([^"]+)" rel="next"/.exec(body)?.[1] ?? '';

describe('who looked at this patient', () => {
  const open = async () => String((await portal.post('/who-looked', { nhsNumber: '900 000 0009' }, officer)).headers.location);

  it('asks for a real NHS number', async () =>
    expect((await portal.post('/who-looked', { nhsNumber: '1' }, officer)).statusCode).toBe(400));

  it('lists the accesses of the last month without opening the record', async () => {
    const { statusCode, body } = await portal.get(await open(), officer);
    expect(statusCode).toBe(200);
    for (const text of [
      'Ngozi Okafor',
      '555000000101',
      'Clinical Practitioner',
      'Opened the record',
      'Care and treatment',
      'Emergency override',
      'Refused',
      '45 times',
    ]) {
      expect(body).toContain(text);
    }
    expect(portal.apis.calls.map(({ url }) => url.split('?')[0])).toEqual(['/audit/FHIR/R4/AuditEvent']);
    expect(portal.apis.calls[0]?.url).toMatch(/patient=9000000009&date=ge\d{4}-\d\d-\d\d&date=le\d{4}-\d\d-\d\d&_count=20/);
  });

  it('pages to the end and back to the first page', async () => {
    const first = await portal.get(await open(), officer);
    const second = await portal.get(next(first.body), officer);
    expect(second.body).toContain('page 2');
    const third = await portal.get(next(second.body), officer);
    expect([next(third.body), third.body.match(/<tr class="nhsuk-table__row"/g)?.length]).toEqual(['', 5]);
    expect(third.body).toContain('First page');
  });

  it('filters by dates, user and outcome, none of which stand in the address', async () => {
    const base = await open();
    const { headers } = await portal.post(base, { ...dates, user: '5550 0000 0101', outcome: '4' }, officer);
    expect(headers.location).not.toMatch(/555000|2026/);
    const { body } = await portal.get(String(headers.location), officer);
    expect(body).toContain('9 times');
    expect(portal.apis.calls.at(-1)?.url).toContain('agent=555000000101&date=ge2026-11-01&date=le2026-11-24&outcome=4');
  });

  it('shows the filters again when they are wrong', async () => {
    const { statusCode, body } = await portal.post(await open(), { ...dates, user: 'x' }, officer);
    expect(statusCode).toBe(400);
    expect(body).toContain('href="#user"');
    expect(body).toContain('<details class="nhsuk-details nhsuk-expander" open');
  });
});

describe('what did this user do', () => {
  it('asks for a user and a month at most', () => {
    expect(checkFilters(USER_FILTERS, { ...dates, user: '' }, NOW)).toEqual({ user: 'Enter a user ID' });
    expect(
      checkFilters(USER_FILTERS, { ...dateValues('from', '2026-10-25'), ...dateValues('to', '2026-11-24'), user: '555000000101' }, NOW),
    ).toEqual({});
    expect(
      checkFilters(USER_FILTERS, { ...dateValues('from', '2026-10-24'), ...dateValues('to', '2026-11-24'), user: '555000000101' }, NOW),
    ).toEqual({
      to: 'The dates can span one month at most, for example 25 October to 24 November',
    });
    expect(
      checkFilters(USER_FILTERS, { ...dateValues('from', '2026-03-01'), ...dateValues('to', '2026-03-31'), user: '555000000101' }, NOW),
    ).toEqual({});
  });

  it('lists what the user did, each patient a link without the number', async () => {
    const { headers } = await portal.post('/user-activity', { ...dates, user: '555000000101' }, officer);
    const { body } = await portal.get(String(headers.location), officer);
    expect(portal.apis.calls.at(-1)?.url).toContain('agent=555000000101');
    expect(body).toContain('900 000 0009');
    expect(body).not.toMatch(/href="[^"]*9000000009/);
  });
});

describe('an access in words', () => {
  const event = { resourceType: 'AuditEvent' as const, recorded: '2026-11-24T13:45:00Z' };

  it('does with the least that an event may hold', () =>
    expect(describeAccess(event)).toMatchObject({
      date: '24 November 2026',
      time: '1:45pm',
      who: 'Application',
      what: 'Used the record',
      outcome: 'Done',
      reason: 'Not given',
    }));

  it.each([
    ['110122', 'Signed in'],
    ['110136', 'Changed role'],
    ['patch', 'Changed the record'],
    ['search-type', 'Found in a search'],
  ])('%s: %s', (code, words) => expect(describeAccess({ ...event, type: { code: '110114' }, subtype: [{ code }] }).what).toBe(words));

  it('takes the requester’s organisation, not the operator’s', () => {
    const organisation = (value: string, requestor: boolean) => ({
      requestor,
      who: { identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value } },
    });
    expect(describeAccess({ ...event, agent: [organisation('X26', false), organisation('RZZ01', true)] }).odsCode).toBe('RZZ01');
  });
});
