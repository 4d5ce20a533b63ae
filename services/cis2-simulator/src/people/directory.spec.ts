import { startSimulator, type Simulator } from '../simulator.fixture';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.close());

describe('staff directory', () => {
  it('answers in the shape of userinfo', async () => {
    const answer = await fetch(`${simulator.origin}/directory/users/555000000107`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      sub: '555000000107',
      nhsid_nrbac_roles: [{ person_roleid: '555000001107', role_code: 'S8002:G8003:R0001' }],
      nhsid_user_orgs: [{ org_code: 'RZZ01' }],
    });
  });

  it.each(['555000009999', 'constructor', '1', '%00'])('knows no user %s', async (id) => {
    const answer = await fetch(`${simulator.origin}/directory/users/${id}`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ resourceType: 'OperationOutcome' });
  });
});
