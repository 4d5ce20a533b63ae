/** jest's globalTeardown: stops the server that jest-postgres.mjs started. */
export default async function stopTestPostgres() {
  await globalThis.testPostgres?.stop();
}
