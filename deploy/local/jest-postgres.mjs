import { freePort } from './ports.mjs';
import { startThrowAwayPostgres } from './postgres.mjs';

/** jest's globalSetup: one server for all suites of a run, its superuser's URL in TEST_POSTGRES_URL. One that is named there already is used. */
export default async function startTestPostgres() {
  if (process.env.TEST_POSTGRES_URL) return;
  const server = await startThrowAwayPostgres(await freePort());
  process.env.TEST_POSTGRES_URL = server.superuserUrl;
  globalThis.testPostgres = server;
}
