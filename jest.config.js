const preset = require('./jest.preset');

const project = { ...preset, rootDir: __dirname, testPathIgnorePatterns: ['/node_modules/'] };

/** `*.spec.ts` are pure and fast; `*.int-spec.ts` share one real PostgreSQL server; `*.kafka-spec.ts` one broker besides, which
 * they may kill and so run one by one; `*.e2e-spec.ts` drive the running platform, one by one. */
module.exports = {
  testTimeout: 60_000,
  projects: [
    { ...project, displayName: 'unit', testRegex: '\\.spec\\.ts$' },
    {
      ...project,
      displayName: 'integration',
      testRegex: '\\.int-spec\\.ts$',
      globalSetup: './deploy/local/jest-postgres.mjs',
      globalTeardown: './deploy/local/jest-postgres-stop.mjs',
    },
    {
      ...project,
      displayName: 'kafka',
      testRegex: '\\.kafka-spec\\.ts$',
      globalSetup: './deploy/local/jest-kafka.mjs',
      globalTeardown: './deploy/local/jest-kafka-stop.mjs',
    },
    {
      ...project,
      displayName: 'e2e',
      testRegex: '/e2e/.*\\.e2e-spec\\.ts$',
      testPathIgnorePatterns: ['/node_modules/', ...(process.env['SCREENSHOTS'] ? [] : ['/pictures\\.e2e-spec\\.ts$'])],
      globalSetup: './e2e/start-platform.ts',
      globalTeardown: './e2e/stop-platform.ts',
    },
  ],
};
