import { PASSKEY, Visitor } from './visitor';

describe('a passkey', () => {
  it('is registered at the first sign-in, used at the next, and counts as AAL3', async () => {
    const officer = await Visitor.arrive();
    const devTools = await officer.page.context().newCDPSession(officer.page);
    await devTools.send('WebAuthn.enable');
    await devTools.send('WebAuthn.addVirtualAuthenticator', {
      options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    });
    for (const visit of ['first', 'next']) {
      await officer.page.goto('/auth/login?returnTo=/who-looked');
      await officer.identify('Mrs Margaret Holloway', PASSKEY);
      await officer.sees('Use a passkey');
      if (visit === 'first') await officer.button('Register a passkey');
      await officer.button('Sign in with a passkey');
      await officer.sees('Who looked at a patient');
      await officer.button('Sign out');
      await officer.sees('You have signed out');
    }
  });
});
