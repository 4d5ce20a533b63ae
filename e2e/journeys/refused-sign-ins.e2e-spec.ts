import { Visitor } from './visitor';

describe('who is refused, is told what to do and has no session', () => {
  it.each([
    ['identity proven to level 2 only', 'Mr Tomasz Kowalski', 'Your identity needs a stronger check'],
    ['no role', 'Miss Blessing Adeyemi', 'You have no role that can use this service'],
    ['an organisation that is not registered', 'Mr Alun Davies', 'Your organisation does not use this service yet'],
  ])('%s', async (_why, person, heading) => {
    const refused = await Visitor.signIn(person);
    await refused.sees(heading);
    expect(await refused.sessionCookie()).toBeUndefined();
    await refused.page.goto('/find-a-patient');
    await refused.sees(heading); // CIS2 still knows who sits there
  });

  it('and can let a colleague sign in at the same browser', async () => {
    const refused = await Visitor.signIn('Mr Alun Davies');
    await refused.sees('Your organisation does not use this service yet');
    await refused.button('Sign in again');
    await refused.identify('Dr Ngozi Okafor');
    await refused.sees('What do you want to do?');
  });

  it('who cancels', async () => {
    const visitor = await Visitor.arrive();
    await visitor.page.goto('/auth/login');
    await visitor.sees('Sign in');
    await visitor.button('Cancel');
    await visitor.sees('You have not signed in');
    expect(await visitor.sessionCookie()).toBeUndefined();
    await visitor.button('Sign in again');
    await visitor.sees('Sign in');
  });
});
