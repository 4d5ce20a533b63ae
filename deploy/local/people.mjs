import { readJson } from './applications.mjs';

/**
 * One line for each person of a people file: the user id to sign in with, the name, and what they are.
 * @param {string} file `{ people: [{ id, title?, givenName, familyName, about?, roles: [{ roleName, organisation }] }] }`
 */
export function signIns(file) {
  return listOf(file, 'people').map(({ id, title, givenName, familyName, about, roles = [] }) => {
    const name = [title, givenName, familyName].filter(Boolean).join(' ');
    return `${id}  ${name}: ${about ?? (roles.map(positionOf).join('; ') || 'no role')}`;
  });
}

/**
 * ODS codes of the organisations that use the platform.
 * @param {string[]} files `{ organisations: [{ code, registered? }] }`
 */
export function registeredOrganisations(files) {
  const organisations = files.flatMap((file) => listOf(file, 'organisations'));
  return [...new Set(organisations.filter(({ registered }) => registered !== false).map(({ code }) => code))];
}

/** CIS2 writes a role as `"Clinical":"Clinical Provision":"Nurse"`: people say the last part. */
function positionOf({ roleName, organisation }) {
  return `${roleName.split(':').at(-1).replaceAll('"', '')} at ${organisation}`;
}

/** A list of a file; the simulator tells what is wrong with one that is none. */
function listOf(file, name) {
  const list = readJson(file)?.[name];
  return Array.isArray(list) ? list : [];
}
