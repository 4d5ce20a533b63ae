/** jest's globalTeardown: stops the platform that start-platform.ts started. */
export default async function stopAfterJourneys(): Promise<void> {
  await globalThis.ownPlatform?.stop();
}
