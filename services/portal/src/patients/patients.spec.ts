import { PortalInTests, privacyOfficer, staff } from '../fixtures/portal-in-tests';

const portal = new PortalInTests();
beforeAll(() => portal.start());
afterAll(() => portal.stop());

const viewer = staff({ activityCodes: ['B0264', 'B0820'] });
const open = async (nhsNumber: string, who = viewer) => portal.get(await portal.open(nhsNumber, who), who);

describe('a patient’s page', () => {
  it('shows the record and the people around the patient', async () => {
    const { statusCode, body } = await open('9000000009');
    expect(statusCode).toBe(200);
    for (const text of [
      'SMITH, Jane Marie (Mrs)',
      '900 000 0009',
      'Mr Daniel Smith',
      'Guardian, Spouse',
      'NHS number 900 000 0017',
      'Maiden name',
    ]) {
      expect(body).toContain(text);
    }
  });

  it('offers changes to those who may make them alone', async () => {
    expect((await open('9000000009')).body).not.toContain('/edit/');
    expect((await open('9000000009', staff())).body).toContain('/edit/home-address');
    expect((await open('9000000009', privacyOfficer())).body).toContain('/accesses');
  });

  it('hides where a sensitive patient is, and offers no change', async () => {
    const { body } = await open('9000000025', staff());
    expect(body).toContain('Sensitive record: location is hidden');
    expect(body).not.toMatch(/Trevelyan|LS1 6AE|01632|jane\.smith|Y12345|FA123|Manchester|\/edit\//);
    expect(portal.apis.calls.at(-1)?.url).not.toContain('RelatedPerson');
  });

  it('says that a number was merged, and shows the retained one', async () => {
    const { body } = await open('9000000041');
    expect(body).toContain('This NHS number was merged');
    expect(body).toContain('900 000 0041');
    expect(body).toContain('<strong class="app-number">900 000 0009</strong>');
  });

  it('tells an unknown number from an invalidated one', async () => {
    const unknown = await open('9000000017');
    expect([unknown.statusCode, unknown.body.includes('No record for NHS number')]).toEqual([404, true]);
    expect((await open('9000000068')).body).toContain('is not valid any more');
  });

  it('says what was saved, in words of its own alone', async () => {
    const patient = await portal.open('9000000009', viewer);
    expect((await portal.get(`${patient}?saved=home-address`, viewer)).body).toContain('The home address was changed');
    expect((await portal.get(`${patient}?saved=Free+money`, viewer)).body).not.toContain('Free money');
  });
});
