import { jane } from '../fixtures/stand-in-apis';
import { PortalInTests, staff } from '../fixtures/portal-in-tests';

const portal = new PortalInTests();
beforeAll(() => portal.start());
afterAll(() => portal.stop());
let patient: string;
beforeEach(async () => {
  portal.apis.patients.set('9000000009', jane());
  portal.apis.calls.length = 0;
  patient = await portal.open('9000000009', staff());
});
afterEach(() => (portal.apis.failWith = undefined));

const NAME = { title: 'Mrs', first: 'Jane', middle: 'Marie', last: 'Smith', suffix: 'MBE' };
const WAS = Object.fromEntries(Object.entries(NAME).map(([input, value]) => [`was-${input}`, value]));
const save = (form: Record<string, string>, slug = 'name') =>
  portal.post(`${patient}/edit/${slug}`, { version: '2', ...WAS, ...NAME, ...form }, staff());
const patches = () => portal.apis.calls.filter(({ method }) => method === 'PATCH');

describe('changing a record', () => {
  it('shows what is on the record, with its version', async () => {
    const { body } = await portal.get(`${patient}/edit/name`, staff());
    expect(body).toContain('name="version" value="2"');
    expect(body).toContain('name="was-last" value="Smith"');
    expect(body).toMatch(/id="last"[^>]*value="Smith"/);
  });

  it('sends a patch for the version that was shown, then says so', async () => {
    const { statusCode, headers } = await save({ last: 'Jones' });
    expect([statusCode, headers.location]).toEqual([303, `${patient}?saved=name`]);
    expect(patches()[0]).toMatchObject({
      headers: { 'if-match': 'W/"2"', 'content-type': 'application/json-patch+json' },
      body: { patches: [{ op: 'replace', path: '/name/1', value: { id: 'N1', family: 'Jones' } }] },
    });
    expect((await portal.get(`${patient}?saved=name`, staff())).body).toContain('SMITH, Jane'.replace('SMITH', 'JONES'));
  });

  it('sends nothing when nothing was changed', async () => {
    expect((await save({})).headers.location).toBe(patient);
    expect(patches()).toEqual([]);
  });

  it('asks again when an answer is wrong, and keeps the version', async () => {
    const { statusCode, body } = await save({ last: '' });
    expect(statusCode).toBe(400);
    expect(body).toContain('href="#last"');
    expect(body).toContain('name="version" value="2"');
    expect(patches()).toEqual([]);
  });

  it('puts what the API refuses at the question that it is about', async () => {
    const { statusCode, body } = await save({ last: 'Refused' });
    expect(statusCode).toBe(400);
    expect(body).toMatch(/href="#last">[^<]*Check last name: the national record did not accept it/);
  });

  it('takes an address away', async () => {
    const { headers } = await portal.post(`${patient}/edit/temporary-address`, { version: '2', action: 'remove' }, staff());
    expect(headers.location).toBe(`${patient}?saved=temporary-address`);
    expect(portal.apis.patients.get('9000000009')?.address).toHaveLength(2);
  });

  it('is not offered for a sensitive record, a merged number, or a registered death', async () => {
    for (const [nhsNumber, slug, words] of [
      ['9000000025', 'name', 'sensitive record'],
      ['9000000041', 'name', 'was merged'],
      ['9000000033', 'death', 'Registrar of Deaths'],
    ] as const) {
      const url = `${await portal.open(nhsNumber, staff())}/edit/${slug}`;
      for (const answer of [await portal.get(url, staff()), await portal.post(url, { version: '2' }, staff())]) {
        expect(answer.statusCode).toBe(403);
        expect(answer.body).toContain(words);
      }
    }
    expect(patches()).toEqual([]);
  });

  it('needs the permission', async () => {
    const viewer = staff({ activityCodes: ['B0264', 'B0820'] });
    expect((await portal.post(`${patient}/edit/name`, { ...NAME, version: '2' }, viewer)).statusCode).toBe(403);
  });
});

describe('someone else changed the record meanwhile', () => {
  beforeEach(() => {
    const changed = jane();
    changed.meta = { ...changed.meta, versionId: '3' };
    const usual = changed.name?.[1];
    if (usual) Object.assign(usual, { family: 'Brown', prefix: ['Ms'] });
    portal.apis.patients.set('9000000009', changed);
  });

  it('shows what it was, what it is now and what the user wants', async () => {
    const { statusCode, body } = await save({ title: 'Dr' });
    expect(statusCode).toBe(409);
    const text = body.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
    expect(text).toContain('Title When you opened it Mrs On the record now Ms Changed Your change Dr Replaces it');
    expect(text).toContain('Last name When you opened it Smith On the record now Brown Changed Your change Not changed by you');
    expect(portal.apis.patients.get('9000000009')?.meta?.versionId).toBe('3');
  });

  it('saves on top of the new version what the user changed, and that alone', async () => {
    const { body } = await save({ title: 'Dr' });
    const inputs = Object.fromEntries(
      [...body.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)].map((match) => [match[1], match[2]]),
    );
    expect(inputs).toMatchObject({ version: '3', title: 'Dr', last: 'Brown', 'was-title': 'Ms', 'was-last': 'Brown' });
    const answer = await portal.post(`${patient}/edit/name`, inputs as Record<string, string>, staff());
    expect(answer.headers.location).toBe(`${patient}?saved=name`);
    expect(portal.apis.patients.get('9000000009')?.name?.[1]).toMatchObject({ family: 'Brown', prefix: ['Dr'] });
    expect(patches().at(-1)?.headers['if-match']).toBe('W/"3"');
  });

  it('says so when what the user changes is untouched', async () => {
    const { body } = await save({ 'was-title': 'Ms', 'was-last': 'Brown', title: 'Ms', last: 'Green' });
    expect(body).toContain('still as you saw it');
  });
});

describe('X-Request-ID: a retry of the same operation reuses the value', () => {
  it('when the record does not answer, saving again is the same operation', async () => {
    const read = portal.apis.patients.get('9000000009');
    portal.apis.failPatchWith = 503;
    const { statusCode, body } = await save({ last: 'Jones' });
    expect(statusCode).toBe(503);
    expect(body).toContain('We do not know if this was saved');
    expect(body).toMatch(/id="last"[^>]*value="Jones"/);
    portal.apis.failPatchWith = undefined;
    expect((await save({ last: 'Jones' })).statusCode).toBe(303);
    const ids = patches().map(({ headers }) => headers['x-request-id']);
    expect(new Set(ids).size).toBe(1);
    expect(read?.meta?.versionId).toBe('2');
  });

  it('another change has another value', async () => {
    await save({ last: 'Refused' });
    await save({ last: 'Jones' });
    expect(new Set(patches().map(({ headers }) => headers['x-request-id'])).size).toBe(2);
  });
});
