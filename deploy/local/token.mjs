import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { importJWK, SignJWT } from 'jose';
import { readJson } from './applications.mjs';
import { signIn } from './cis2-sign-in.mjs';
import { services, tokenClientId } from './services.mjs';
import { host, settingsFrom } from './settings.mjs';
import { giveUp, Obstacle } from './steps.mjs';

const usage = 'Say for whom: --user <id or name> [--role <role id>] [--aal 1|2|3], or --app [<client id or name>].';

/** Prints an access token of the running copy, for curl: `npm run -s token -- --user Okafor`. It is had as a supplier has it. */
try {
  const { user, role, aal, app, named } = wishes();
  const settings = settingsFrom(process.env);
  const publicUrl = `http://${host}:${settings.port}`;
  const secrets = stateOf(join(settings.home, 'secrets.json'));
  const { applications } = stateOf(join(settings.home, 'applications.json'));
  if (app) {
    const application = applicationNamed(applications, named);
    console.log(await tokenFor(application, publicUrl, settings.home, { grant_type: 'client_credentials' }));
  } else {
    const person = personNamed(settings.people.flatMap((file) => readJson(file).people ?? []), user);
    const application = applications.find(({ cis2ClientIds = [] }) => cis2ClientIds.includes(tokenClientId));
    if (!application) throw new Obstacle(`No application of the demo belongs to the CIS2 client ${tokenClientId}: restore deploy/demo/applications.json.`);
    const { idToken } = await signInAt(issuerOf(settings, publicUrl, secrets), publicUrl, secrets, { person, role, aal });
    const token = await tokenFor(application, publicUrl, settings.home, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      subject_token: idToken,
    });
    const roles = person.roles ?? [];
    if (!role && roles.length > 1) console.error(`No role is selected: send NHSD-Session-URID, or use --role, with one of ${roles.map(({ id }) => id).join(', ')}.`);
    console.log(token);
  }
} catch (error) {
  giveUp(error);
}

function wishes() {
  try {
    const { values, positionals } = parseArgs({
      options: { user: { type: 'string' }, role: { type: 'string' }, aal: { type: 'string', default: '3' }, app: { type: 'boolean' } },
      allowPositionals: true,
    });
    const isClear = values.app ? !values.user && !values.role && positionals.length <= 1 : values.user && positionals.length === 0;
    if (!isClear || !['1', '2', '3'].includes(values.aal)) throw new Obstacle(usage);
    return { ...values, aal: /** @type {1 | 2 | 3} */ (Number(values.aal)), named: positionals[0] };
  } catch {
    throw new Obstacle(usage);
  }
}

/** What a start leaves in the state folder. */
function stateOf(file) {
  if (!existsSync(file)) throw new Obstacle(`${file} is not there: start Carespine with npm start, or name its state folder with CARESPINE_HOME.`);
  return readJson(file);
}

function applicationNamed(applications, name) {
  const ofApplications = applications.filter(({ accessModes }) => accessModes.some((mode) => mode !== 'user-restricted'));
  const found = name
    ? applications.find(({ clientId, name: fullName }) => [clientId, fullName].includes(name))
    : ofApplications.find(({ accessModes }) => accessModes.includes('application-restricted'));
  if (found) return found;
  throw new Obstacle(`There is no application ${name}: choose from ${ofApplications.map(({ clientId }) => clientId).join(', ')}.`);
}

function personNamed(people, name) {
  const nameOf = ({ title, givenName, familyName }) => [title, givenName, familyName].filter(Boolean).join(' ');
  const found = people.filter((person) => person.id === name || nameOf(person).toLowerCase().includes(name.toLowerCase()));
  if (found.length === 1) return found[0];
  const choice = (found.length ? found : people).map((person) => `${nameOf(person)} (${person.id})`).join(', ');
  throw new Obstacle(`${found.length ? 'Several users fit' : 'No user fits'} ${name}: choose from ${choice}.`);
}

/** The issuer as the gateway is given it. */
function issuerOf({ home, port, people, applications }, publicUrl, secrets) {
  const url = (name) => `http://${host}:${port + services.find((service) => service.name === name).offset}`;
  return services.find(({ name }) => name === 'gateway').env({ home, publicUrl, secrets, people, applications, url }).CIS2_ISSUER;
}

async function signInAt(issuer, publicUrl, { tokenClientKey }, { person, role, aal }) {
  const redirectUri = `${publicUrl}/token-command`;
  try {
    return await signIn({ issuer, clientId: tokenClientId, privateJwk: tokenClientKey, redirectUri, userId: person.id, roleId: role, aal, password: person.password });
  } catch (error) {
    throw error.cause?.code ? unreachable(new URL(issuer).origin) : new Obstacle(`${error.message.replace(/\.?$/, '.')}`);
  }
}

/** Signs the application's assertion and asks the gateway's token endpoint. */
async function tokenFor({ clientId }, publicUrl, home, form) {
  const jwk = stateOf(join(home, 'applications', `${clientId}.jwk.json`));
  const assertion = await new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: 'RS512', typ: 'JWT', kid: jwk.kid })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(`${publicUrl}/oauth2/token`)
    .setExpirationTime('1m')
    .sign(await importJWK(jwk, 'RS512'));
  const body = new URLSearchParams({
    ...form,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  });
  const response = await fetch(`${publicUrl}/oauth2/token`, { method: 'POST', body }).catch(() => {
    throw unreachable(publicUrl);
  });
  const answer = await response.json().catch(() => ({}));
  if (answer.access_token) return answer.access_token;
  throw new Obstacle(`The gateway gives ${clientId} no token (HTTP ${response.status}): ${answer.error_description ?? 'it does not say why'}.`);
}

function unreachable(address) {
  return new Obstacle(`Nothing answers at ${address}: start Carespine with npm start, or name its port with CARESPINE_PORT.`);
}
