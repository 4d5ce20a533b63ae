import { PortalInTests, privacyOfficer, staff } from '../fixtures/portal-in-tests';
import { dateValues } from '../forms/form';
import { checkRequest } from './request-forms';

const portal = new PortalInTests();
beforeAll(() => portal.start());
afterAll(() => portal.stop());

const officer = privacyOfficer();
const NOW = new Date('2026-11-24T12:00:00Z');
const form = (over: Record<string, string> = {}) => ({
  nhsNumber: '900 000 0009',
  ...dateValues('received', '2026-11-20'),
  ...dateValues('from', '2025-11-20'),
  ...dateValues('to', '2026-11-20'),
  'identity-passport': 'yes',
  'identity-utility-bill': 'yes',
  withhold: 'no',
  ...over,
});

describe('a subject access request', () => {
  it.each([
    [{}, {}],
    [{ nhsNumber: '9000000008' }, { nhsNumber: 'Enter a real NHS number, with 10 numbers' }],
    [{ 'identity-passport': '' }, { identity: 'Select a document with a photograph as well' }],
    [{ 'identity-utility-bill': '', 'identity-driving-licence': 'yes' }, { identity: 'Select a document with an address as well' }],
    [{ 'identity-utility-bill': '', 'identity-birth-certificate': 'yes' }, { identity: 'Select a document with an address as well' }],
    [{ 'identity-passport': '', 'identity-utility-bill': '' }, { identity: 'Select the documents that you saw' }],
    [{ withhold: 'yes' }, { reason: 'Enter why names are left out' }],
    [dateValues('received', '2026-11-25'), { received: 'The date it arrived must be today or in the past' }],
  ])('%o: %o', (over, errors) => expect(checkRequest(form(over), NOW)).toEqual(errors));

  it('is opened with the documents that prove who asks', async () => {
    const { statusCode, headers } = await portal.post('/subject-access/new', form({ withhold: 'yes', reason: 'Threats' }), officer);
    expect([statusCode, headers.location]).toEqual([303, '/subject-access/SAR-1005']);
    expect(portal.apis.calls.at(-1)?.body).toEqual({
      nhsNumber: '9000000009',
      from: '2025-11-20',
      to: '2026-11-20',
      receivedOn: '2026-11-20',
      identityChecks: ['passport', 'utility-bill'],
      withholdNames: true,
      withholdReason: 'Threats',
    });
  });

  it('is listed with what is due, late ones marked, without numbers of patients', async () => {
    const { body } = await portal.get('/subject-access', officer);
    for (const text of ['SAR-1001', 'Due', 'late']) expect(body).toContain(text);
    expect(body).not.toContain('900 000 0009');
    expect((await portal.get('/subject-access?status=ready', officer)).body).not.toContain('SAR-1000');
  });

  it('shows progress, then the answer in three forms', async () => {
    const preparing = await portal.get('/subject-access/SAR-1000', officer);
    expect(preparing.body).toContain('12 of 45 accesses read');
    const { body } = await portal.get('/subject-access/SAR-1001', officer);
    for (const text of ['It lists 45 accesses', 'document?format=pdf', 'A member of staff was threatened', 'Decided by Dr Rajesh Mistry']) expect(body).toContain(text);
  });

  it('waits for the guardian, and says for what', async () => {
    const { body } = await portal.get('/subject-access/SAR-0999', officer);
    for (const text of ['With the guardian', 'Child protection and FGM information: 3', 'Draft to decide on', '/subject-access/SAR-0999/include']) expect(body).toContain(text);
    expect(body).not.toContain('document?format=pdf');
    const { headers } = await portal.post('/subject-access/SAR-0999/include', { version: '1', what: 'safeguarding', note: 'No harm' }, officer);
    expect(headers.location).toBe('/subject-access/SAR-0999?done=include');
    expect(portal.apis.calls.at(-1)?.body).toEqual({ version: 1, step: 'include', what: 'safeguarding', note: 'No harm' });
  });

  it('names single accesses by the numbers that the letter prints', async () => {
    const { body } = await portal.post('/subject-access/SAR-1000/exclude', { version: '1', what: 'other', accesses: 'three', note: 'Harm' }, officer);
    expect(body).toContain('Enter numbers like 3, 17');
    await portal.post('/subject-access/SAR-1000/exclude', { version: '1', what: 'other', accesses: '3, 17', note: 'Harm' }, officer);
    expect(portal.apis.calls.map((call) => call.body)).toContainEqual({ version: 1, step: 'exclude', what: 'other', accesses: [3, 17], note: 'Harm' });
  });

  it('shows the letter in a sandbox, and gives the others to keep', async () => {
    const letter = await portal.get('/subject-access/SAR-1001/document?format=html', officer);
    expect(letter.headers['content-security-policy']).toMatch(/default-src 'none'.*sandbox/);
    expect(letter.headers['content-security-policy']).not.toContain('allow');
    const pdf = await portal.get('/subject-access/SAR-1001/document?format=pdf', officer);
    expect(pdf.headers).toMatchObject({ 'content-type': 'application/pdf', 'content-disposition': 'attachment; filename="SAR-1001.pdf"' });
    expect((await portal.get('/subject-access/SAR-1001/document?format=exe', officer)).statusCode).toBe(404);
  });

  it('is sent once, and says when somebody else was faster', async () => {
    const sent = await portal.post('/subject-access/SAR-1001/sent', { version: '1', note: 'By post' }, officer);
    expect(sent.headers.location).toBe('/subject-access/SAR-1001?done=sent');
    const again = await portal.post('/subject-access/SAR-1001/close', { version: '1', note: '' }, officer);
    expect([again.statusCode, again.body.includes('Somebody else changed this request'), again.body.includes('By post')]).toEqual([409, true, true]);
  });

  it('leaves parts out by the guardian’s decision alone', async () => {
    const unnamed = await portal.post('/subject-access/SAR-1000/exclude', { version: '1', what: 'other', note: 'Harm' }, officer);
    expect(unnamed.body).toContain('Enter the number of each access that is left out');
    const { statusCode, body } = await portal.post('/subject-access/SAR-1000/exclude', { version: '1', what: 'safeguarding', note: 'Harm' }, officer);
    expect([statusCode, body.includes('The Caldicott Guardian decides this')]).toEqual([400, true]);
  });

  it('is for those who answer requests', async () => expect((await portal.get('/subject-access', staff())).statusCode).toBe(403));
});
