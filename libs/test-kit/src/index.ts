export { launchChromium } from './browser';
export { aDatabase, type TestDatabase } from './database';
export { eventually } from './eventually';
export { exampleOf, examplesOf, examplesOfTopic, type Example } from './examples';
export { contextOf, CONTEXT_JWKS, CONTEXT_PRIVATE_JWK, anApplication, aUser } from './principals';
export { startService, type RunningService } from './service';
