const { readFileSync } = require('node:fs');
const { join } = require('node:path');

/** Published as ES modules only: swc compiles them for jest, which loads CommonJS. */
const esModulesOnly = ['openid-client', 'oauth4webapi', 'jose', '@simplewebauthn', '@sparticuz', 'oidc-provider', '@fastify/cookie', 'cookie'];

/** One jest set-up for the whole house: swc compiles, and libs are read from their sources. */
module.exports = {
  testEnvironment: 'node',
  transform: { '^.+\\.[cm]?[jt]s$': ['@swc/jest', JSON.parse(readFileSync(join(__dirname, '.swcrc'), 'utf8'))] },
  transformIgnorePatterns: [`/node_modules/(?!(${esModulesOnly.join('|')})/)`],
  moduleNameMapper: { '^@carespine/([a-z-]+)$': join(__dirname, 'libs/$1/src/index.ts') },
  modulePathIgnorePatterns: ['/dist/', '/\\.carespine/', '/\\.nx/'],
};
