import { randomUUID } from 'node:crypto';

const BASE = '/personal-demographics/FHIR/R4/Patient';
const REQUESTS = 400;

const pick = (items) => items[Math.floor(Math.random() * items.length)];
const many = (make) => Array.from({ length: REQUESTS }, make);

/**
 * Requests of each scenario, as autocannon takes them.
 *
 * @param {{ token: string, people: { nhsNumber: string, family: string, birthDate: string }[] }} facts
 */
export function scenariosOf({ token, people }) {
  const headers = () => ({ authorization: `Bearer ${token}`, 'x-request-id': randomUUID() });
  const retrieve = () => ({ method: 'GET', path: `${BASE}/${pick(people).nhsNumber}`, headers: headers() });
  const search = () => {
    const { family, birthDate } = pick(people);
    return { method: 'GET', path: `${BASE}?family=${encodeURIComponent(family)}&birthdate=eq${birthDate}`, headers: headers() };
  };
  const fuzzy = () => {
    const { family, given, birthDate } = pick(people);
    return {
      method: 'GET',
      path: `${BASE}?family=${encodeURIComponent(family)}&given=${encodeURIComponent(given)}&birthdate=eq${birthDate}&_fuzzy-match=true`,
      headers: headers(),
    };
  };
  const refused = () => ({ method: 'GET', path: `${BASE}/${pick(people).nhsNumber}`, headers: { 'x-request-id': randomUUID(), authorization: 'Bearer unknown' } });

  // every connection updates a patient of its own, each time with the version that it was told
  let next = 0;
  const update = () => ({
    method: 'PATCH',
    setupRequest(request, context) {
      context.patient ??= { nhsNumber: people[next++ % people.length].nhsNumber, version: undefined };
      const { nhsNumber, version } = context.patient;
      if (version === undefined) return { ...request, method: 'GET', path: `${BASE}/${nhsNumber}`, headers: headers(), body: undefined };
      return {
        ...request,
        method: 'PATCH',
        path: `${BASE}/${nhsNumber}`,
        headers: { ...headers(), 'content-type': 'application/json-patch+json', 'if-match': `W/"${version}"` },
        body: JSON.stringify({ patches: [{ op: 'replace', path: '/gender', value: version % 2 ? 'female' : 'male' }] }),
      };
    },
    onResponse(status, body, context) {
      if (!context.patient) return;
      context.patient = status === 200 ? { ...context.patient, version: Number(JSON.parse(body).meta.versionId) } : undefined;
    },
  });

  const mixed = many((_, i) => (i % 20 < 14 ? retrieve() : i % 20 < 18 ? search() : i % 20 === 18 ? update() : refused()));
  return {
    retrieve: many(retrieve),
    search: many(search),
    fuzzy: many(fuzzy),
    update: [update()],
    mixed,
  };
}

/** The same records from the bare handler. */
export const bareRequests = (people) => many(() => ({ method: 'GET', path: `/Patient/${pick(people).nhsNumber}` }));
