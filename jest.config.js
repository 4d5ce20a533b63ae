const preset = require('./jest.preset');

/** `*.spec.ts` are pure and fast; `*.int-spec.ts` share one real PostgreSQL server; `*.e2e-spec.ts` drive the running platform. */
module.exports = {
  projects: [
    { ...preset, displayName: 'unit', rootDir: __dirname, testRegex: '\\.spec\\.ts$', testPathIgnorePatterns: ['/node_modules/'] },
  ],
};
