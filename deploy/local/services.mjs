import { join, resolve } from 'node:path';
import { registeredOrganisations } from './people.mjs';
import { publicJwks, verifierKey } from './secrets.mjs';
import { host, root } from './settings.mjs';

/**
 * @typedef {object} Stack what a service's environment is made from
 * @property {string} home state folder
 * @property {string} publicUrl address of the gateway
 * @property {import('./secrets.mjs').Secrets} secrets
 * @property {string[]} people files
 * @property {string[]} applications files
 * @property {{ certificates: string, registry: string }} providers files of the provider simulator
 * @property {(service: string) => string} url of a service
 *
 * @typedef {object} Service
 * @property {string} name
 * @property {number} offset its port is CARESPINE_PORT plus this
 * @property {string} main program; `migrate` as its argument brings the database up to date
 * @property {string} [database] its database and the role that it signs in as; none for a service that keeps nothing
 * @property {string[]} [demoData] program and arguments that fill the database once, as its owner
 * @property {(stack: Stack) => NodeJS.ProcessEnv} env besides what every service is given
 */

/** Of the provider whose documents the demo's pointers lead to. */
export const providerOffset = 6;

const mainOf = (/** @type {string} */ service) => join(root, 'services', service, 'dist/src/main.js');
const issuerPath = '/openam/oauth2/realms/root/realms/NHSIdentity/realms/Healthcare';
const issuer = (/** @type {Stack} */ { url }) => `${url('cis2-simulator')}${issuerPath}`;

/** Names the log of accesses in its checkpoints. */
const logOrigin = process.env.LOG_ORIGIN || 'carespine.local/audit/log';

/** A witness proves something when it runs elsewhere: here it is for trying, where CARESPINE_WITNESS=1 asks for it. */
const withWitness = process.env.CARESPINE_WITNESS === '1';
const witnessName = 'carespine.local/witness';

/** Client ids at CIS2: of the gateway, and of the token command, which plays a supplier that signs its users in itself. */
export const gatewayClientId = '000000000001.apps.national';
export const tokenClientId = '000000000002.apps.national';

/**
 * The services, in the order in which they are started; the gateway is the door, and so the first to stop.
 * @type {Service[]}
 */
export const services = [
  {
    name: 'demographics',
    offset: 3,
    main: mainOf('demographics'),
    database: 'demographics',
    demoData: [join(root, 'services/demographics/dist/src/population/main.js'), '--demo'],
    env: () => ({}),
  },
  {
    name: 'audit',
    offset: 4,
    main: mainOf('audit'),
    database: 'audit',
    env: (stack) => ({
      STAFF: stack.people.join(','),
      LOG_ORIGIN: logOrigin,
      LOG_SIGNING_KEY: process.env.LOG_SIGNING_KEY || JSON.stringify(stack.secrets.logSigningKey),
      ...(withWitness && {
        WITNESSES: JSON.stringify([{ name: witnessName, url: stack.url('witness'), key: verifierKey(witnessName, 0x04, stack.secrets.witnessKey) }]),
      }),
    }),
  },
  {
    name: 'cis2-simulator',
    offset: 2,
    main: mainOf('cis2-simulator'),
    env: (stack) => ({
      ISSUER: issuer(stack),
      PEOPLE: stack.people.join(','),
      CLIENTS: JSON.stringify(clientsOf(stack)),
      SIGNING_JWK: JSON.stringify(stack.secrets.cis2SigningKey),
      STATE_FILE: join(stack.home, 'cis2-simulator.json'),
    }),
  },
  {
    name: 'portal',
    offset: 1,
    main: mainOf('portal'),
    env: ({ url, secrets }) => ({
      SERVICES: JSON.stringify({ demographics: url('demographics'), audit: url('audit'), 'record-locator': url('record-locator') }),
      PORTAL_REFERENCE_KEY: secrets.portalReferenceKey,
      IDENTITY_ORIGIN: new URL(process.env.CIS2_ISSUER || url('cis2-simulator')).origin,
    }),
  },
  ...(withWitness
    ? [
        {
          name: 'witness',
          offset: 8,
          main: mainOf('witness'),
          env: (/** @type {Stack} */ { home, secrets }) => ({
            WITNESS_NAME: witnessName,
            WITNESS_KEY: JSON.stringify(secrets.witnessKey),
            LOGS: JSON.stringify([{ origin: logOrigin, keys: [verifierKey(logOrigin, 0x01, secrets.logSigningKey)] }]),
            STATE_FOLDER: join(home, 'witness'),
          }),
        },
      ]
    : []),
  {
    name: 'record-locator',
    offset: 5,
    main: mainOf('record-locator'),
    database: 'record_locator',
    demoData: [join(root, 'services/record-locator/dist/src/bulk/main.js'), 'demo', join(root, 'deploy/demo/pointers.ndjson')],
    env: ({ publicUrl, secrets, providers }) => ({
      PROVIDER_REGISTRY: providers.registry,
      PROVIDERS_ON_LOOPBACK: 'true',
      SYSTEM_ASID: '200000000001',
      AUDIT_TOKEN_JWK: JSON.stringify(secrets.auditTokenKey),
      ...chosen(['PROVIDER_REGISTRY', 'SYSTEM_ASID', 'AUDIT_TOKEN_JWK', 'PROVIDER_CLIENT_CERTIFICATE', 'PROVIDER_CLIENT_KEY']),
      DEMO_PROVIDER: `${host}:${Number(new URL(publicUrl).port) + providerOffset}`,
      POINTER_PERMISSIONS: [join(root, 'deploy/demo/pointer-permissions.json'), ...chosenFiles('CARESPINE_POINTER_PERMISSIONS')].join(','),
    }),
  },
  {
    name: 'provider-simulator',
    offset: providerOffset,
    main: join(root, 'e2e/providers/main.mjs'),
    env: ({ providers }) => ({ CERTIFICATES: providers.certificates }),
  },
  {
    name: 'gateway',
    offset: 0,
    main: mainOf('gateway'),
    database: 'gateway',
    env: (stack) => ({
      ROUTES: JSON.stringify({
        '/personal-demographics/': stack.url('demographics'),
        '/audit/': stack.url('audit'),
        '/.well-known/audit-log-keys': stack.url('audit'),
        '/record-locator/': stack.url('record-locator'),
        '/': stack.url('portal'),
      }),
      CONTEXT_PRIVATE_JWK: JSON.stringify(stack.secrets.contextKey),
      CIS2_ISSUER: issuer(stack),
      CIS2_CLIENT_ID: gatewayClientId,
      CIS2_CLIENT_PRIVATE_JWK: JSON.stringify(stack.secrets.cis2ClientKey),
      ROLE_DIRECTORY_URL: `${stack.url('cis2-simulator')}/directory`,
      APPLICATIONS: stack.applications.join(','),
      ORGANISATIONS: registeredOrganisations(stack.people).join(','),
      ...chosen(ofProvider),
    }),
  },
];

/** Settings of the identity provider: whoever gives them puts a real CIS2, or another provider of its shape, in the simulator's place. */
const ofProvider = [
  'CIS2_ISSUER',
  'CIS2_CLIENT_ID',
  'CIS2_CLIENT_PRIVATE_JWK',
  'ROLE_DIRECTORY_URL',
  'ORGANISATIONS',
  'REQUIRED_WORKGROUP',
  'SIGN_IN_AAL',
  'SIGN_IN_ACR',
];

const chosenFiles = (/** @type {string} */ name) => (process.env[name] ?? '').split(',').map((path) => path.trim()).filter(Boolean).map((path) => resolve(path));

/** @param {string[]} names */
const chosen = (names) => Object.fromEntries(names.filter((name) => process.env[name]).map((name) => [name, process.env[name]]));

/** What the simulator knows of its relying parties. */
function clientsOf({ publicUrl, secrets }) {
  return [
    {
      clientId: gatewayClientId,
      redirectUris: [`${publicUrl}/auth/callback`, `${publicUrl}/oauth2/callback`],
      postLogoutRedirectUris: [`${publicUrl}/signed-out`],
      backchannelLogoutUri: `${publicUrl}/auth/backchannel-logout`,
      tokenEndpointAuthMethod: 'private_key_jwt',
      jwks: publicJwks(secrets.cis2ClientKey),
    },
    {
      clientId: tokenClientId,
      redirectUris: [`${publicUrl}/token-command`],
      postLogoutRedirectUris: [],
      tokenEndpointAuthMethod: 'private_key_jwt',
      jwks: publicJwks(secrets.tokenClientKey),
    },
  ];
}

/** What every service is given. */
export function commonEnvironment({ publicUrl, secrets }) {
  return {
    LOG_LEVEL: process.env.LOG_LEVEL || 'info',
    PUBLIC_URL: publicUrl,
    CONTEXT_JWKS: JSON.stringify(publicJwks(secrets.contextKey)),
    PATIENT_KEY_SECRET: secrets.patientKeySecret,
  };
}
