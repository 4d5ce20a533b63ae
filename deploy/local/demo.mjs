import { readJson } from './applications.mjs';

/**
 * One line for each person of a people file: the user id to sign in with, the name, and what they are.
 * @param {string} file `{ people: [{ id, title?, givenName, familyName, about?, roles: [{ roleName, organisation }] }] }`
 */
export function signIns(file) {
  return (readJson(file).people ?? []).map(({ id, title, givenName, familyName, about, roles = [] }) => {
    const name = [title, givenName, familyName].filter(Boolean).join(' ');
    return `${id}  ${name}: ${about ?? (roles.map(positionOf).join('; ') || 'no role')}`;
  });
}

/** CIS2 writes a role as `"Clinical":"Clinical Provision":"Nurse"`: people say the last part. */
function positionOf({ roleName, organisation }) {
  return `${roleName.split(':').at(-1).replaceAll('"', '')} at ${organisation}`;
}
