import { PortalInTests, privacyOfficer } from '../fixtures/portal-in-tests';

const portal = new PortalInTests();
beforeAll(() => portal.start());
afterAll(() => portal.stop());
afterEach(() => (portal.apis.failWith = undefined));

const open = () => portal.get('/accesses/01900000-0000-7000-8000-000000000000/proof', privacyOfficer());

describe('the proof of an access', () => {
  it('says that the record is committed and provable, having checked it', async () => {
    const { body } = await open();
    for (const text of ['Committed', 'Provable', 'at place 1 and has not been changed', 'witness.example', 'Inclusion proof (1 hash)']) expect(body).toContain(text);
  });

  it('says so when the log has no proofs to give', async () => {
    portal.apis.failWith = 503;
    const { statusCode, body } = await open();
    expect([statusCode, body.includes('Not provable now')]).toEqual([503, true]);
  });

  it('warns when the record does not fit the signed log', async () => {
    portal.apis.desk.proof.leafHash = portal.apis.desk.proof.previousLeaf;
    expect((await open()).body).toContain('The proof does not hold');
  });
});
