import { PortalInTests, staff } from '../fixtures/portal-in-tests';

const portal = new PortalInTests();
beforeAll(() => portal.start());
afterAll(() => portal.stop());
beforeEach(() => (portal.apis.calls.length = 0));

const born = { 'birth-day': '4', 'birth-month': '3', 'birth-year': '1985' };
const search = (form: Record<string, string>, kind = 'basic') => portal.post(`/find-a-patient/${kind}`, { ...born, ...form }, staff());
const results = async (form: Record<string, string>) => portal.get(String((await search(form)).headers.location), staff());

describe('find a patient by NHS number', () => {
  it('opens the record at once, and keeps the number out of the address', async () => {
    const { statusCode, headers } = await portal.post('/find-a-patient', { nhsNumber: ' 900 000-0009 ' }, staff());
    expect(statusCode).toBe(303);
    expect(headers.location).toMatch(/^\/patients\/[\w.-]+$/);
    expect(headers.location).not.toContain('9000000009');
  });

  it.each(['', '123', '9000000008', '900000000X'])('asks again for %p', async (nhsNumber) => {
    const { statusCode, body } = await portal.post('/find-a-patient', { nhsNumber }, staff());
    expect(statusCode).toBe(400);
    expect(body).toMatch(/There is a problem[\s\S]*href="#nhsNumber"/);
    expect(portal.apis.calls).toEqual([]);
  });
});

describe('find a patient by details', () => {
  it('asks again, with what was typed, when something is wrong', async () => {
    const { statusCode, body } = await search({ family: '<b>"Smith', 'birth-day': '31', 'birth-month': '2' });
    expect(statusCode).toBe(400);
    expect(body).toContain('value="&lt;b&gt;&quot;Smith"');
    expect(body).toContain('<title>Error: Find a patient');
    expect(body).toContain('href="#birth-day"');
  });

  it('keeps the criteria out of the address, so that back and refresh work', async () => {
    const { statusCode, headers } = await search({ family: 'Smith' });
    expect(statusCode).toBe(303);
    expect(headers.location).not.toMatch(/smith|1985/i);
  });

  it('lists the best match first, and nothing of where a sensitive patient is', async () => {
    const { body } = await results({ family: 'Smith' });
    expect(body).toContain('3 patients found');
    const [jane = 0, janet = 0, horace = 0] = ['SMITH, Jane', 'SMYTHE, Janet', 'SMITH, Horace'].map((name) => body.indexOf(name));
    expect([jane > 0, jane < janet, janet < horace]).toEqual([true, true, true]);
    expect(body).toContain('900 000 0009');
    expect(body.slice(janet, horace)).toContain('Hidden: sensitive record');
    expect(body.match(/Trevelyan/g)).toHaveLength(1);
    expect(body).not.toMatch(/href="[^"]*9000000009/);
  });

  it('calls the API as a supplier does', async () => {
    await results({ family: 'Smith', postcode: 'ls1 6ae' });
    const call = portal.apis.calls.at(-1);
    expect(call?.url).toBe('/personal-demographics/FHIR/R4/Patient?family=Smith&birthdate=eq1985-03-04&address-postalcode=LS1+6AE');
    expect(call?.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(call?.headers['carespine-context']).toMatch(/^ey/);
    expect(call?.headers.traceparent).toMatch(/^00-/);
  });

  it('says what to do when nobody or too many fit', async () => {
    expect((await results({ family: 'Nobody' })).body).toContain('No patient found');
    expect((await results({ family: 'Many' })).body).toContain('Too many matches: narrow your search');
  });

  it('asks for more when the API finds the criteria too few', async () => {
    const { statusCode, body } = await results({ family: 'Refused' });
    expect(statusCode).toBe(400);
    expect(body).toContain('Give more details');
  });

  it('shows the search again to change it', async () => {
    const { body } = await results({ family: 'Nobody' });
    const change = /href="(\/find-a-patient\/change\/[^"]+)"/.exec(body)?.[1] ?? '';
    expect((await portal.get(change, staff())).body).toContain('value="Nobody"');
  });
});
