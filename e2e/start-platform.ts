import { startPlatform, type OwnPlatform } from './platform';

declare global {
   
  var ownPlatform: OwnPlatform | undefined;
}

/** jest's globalSetup: one platform for all journeys of a run. One that E2E_URL and E2E_HOME name is used as it is. */
export default async function startForJourneys(): Promise<void> {
  if (process.env['E2E_URL']) return;
  globalThis.ownPlatform = await startPlatform();
  process.env['E2E_URL'] = globalThis.ownPlatform.url;
  process.env['E2E_HOME'] = globalThis.ownPlatform.home;
}
