import { anyPermissionOf, PERMISSIONS, permissionsOfRole, type Principal, type RoleFacts } from '@carespine/access-control';
import { anApplication, aUser, contextOf } from '@carespine/test-kit';
import { SERVICE_NAMES, walk, type Route, type Walk } from './routes';

/*
 * Identity and access specification, "Evaluation rules", rule 5: every permission row is a row in a test: allowed by each code
 * alone, denied without, denied at lower AAL, denied for an application. Here against every route that there is.
 */

type Row = (typeof PERMISSIONS)[number];

const ALL_ACTIVITIES = [...new Set(PERMISSIONS.flatMap(({ anyActivity, andAnyActivity = [] }) => [...anyActivity, ...andAnyActivity]))];
/** B0825 brings B0820: the only pair that is evidenced. */
const broughtBy = (code: string): string[] => (code === 'B0825' ? ['B0825', 'B0820'] : [code]);
const ORDINARY: RoleFacts = { activityCodes: [], jobRole: 'R8000', workgroups: [], aal: 3, idAssurance: 3 };

const workgroupsOf = ({ andWorkgroup }: Row): string[][] => andWorkgroup?.split(' or ').map((pattern) => [pattern.replace('*', 'site')]) ?? [[]];

/** Every way to hold a row's permission with one activity code, the row's other conditions met. */
function waysToHold(row: Row): RoleFacts[] {
  const { anyActivity, andAnyActivity, requiredJobRoles = ['R8000'] } = row;
  return anyActivity.flatMap((code) =>
    (andAnyActivity ?? [undefined]).flatMap((other) =>
      requiredJobRoles.flatMap((jobRole) =>
        workgroupsOf(row).map((workgroups) => ({ ...ORDINARY, activityCodes: other === undefined ? [code] : [code, other], jobRole, workgroups })),
      ),
    ),
  );
}

/** Every way to miss a row's permission by one condition alone, everything else held. */
function waysToMiss(row: Row): Record<string, RoleFacts> {
  const [workgroups = []] = workgroupsOf(row);
  const held: RoleFacts = { ...ORDINARY, activityCodes: ALL_ACTIVITIES, jobRole: row.requiredJobRoles?.[0] ?? 'R8000', workgroups };
  const without = (codes: string[]): string[] => ALL_ACTIVITIES.filter((code) => !broughtBy(code).some((brought) => codes.includes(brought)));
  return {
    'without any of its activities': { ...held, activityCodes: without(row.anyActivity) },
    ...(row.andAnyActivity && { 'without the second activity': { ...held, activityCodes: without(row.andAnyActivity) } }),
    ...(row.requiredJobRoles && { 'in another job role': { ...held, jobRole: 'R8015' } }),
    ...(row.andWorkgroup && { 'in no team': { ...held, workgroups: [] }, 'in another team': { ...held, workgroups: ['cancer:site', 'cancer-mdt', 'xcancer-mdt:site'] } }),
    'with an identity proven to level 2': { ...held, idAssurance: 2 },
  };
}

/** What the table says, read without the platform's own code. */
function holds(row: Row, { activityCodes, jobRole, workgroups, aal, idAssurance }: RoleFacts): boolean {
  const activities = activityCodes.flatMap(broughtBy);
  return (
    row.anyActivity.some((code) => activities.includes(code)) &&
    (row.andAnyActivity ?? activities).some((code) => activities.includes(code)) &&
    (row.requiredJobRoles ?? [jobRole]).includes(jobRole) &&
    (!row.andWorkgroup || workgroupsOf(row).flat().some((workgroup) => workgroups.includes(workgroup))) &&
    aal >= row.minAal &&
    idAssurance >= row.minIdAssurance
  );
}

describe.each(PERMISSIONS.map((row) => [row.permission, row] as const))('%s', (permission, row) => {
  it('is granted by each of its activities alone', () => {
    for (const facts of waysToHold(row)) expect([facts, permissionsOfRole(facts).granted.has(permission)]).toEqual([facts, true]);
  });

  it('is granted neither now nor after a step-up when one condition is missed', () => {
    for (const [how, facts] of Object.entries(waysToMiss(row))) {
      const { granted, stepUp } = permissionsOfRole(facts);
      expect([how, granted.has(permission), stepUp.has(permission)]).toEqual([how, false, false]);
    }
  });

  it('waits for a step-up below its assurance level', () => {
    for (const facts of waysToHold(row)) {
      const { granted, stepUp } = permissionsOfRole({ ...facts, aal: row.minAal - 1 });
      expect([granted.has(permission), stepUp.has(permission)]).toEqual([false, true]);
    }
  });

  it(`is ${row.applicationRestricted ? '' : 'not '}given to applications`, () => {
    expect(anApplication().permissions.has(permission)).toBe(row.applicationRestricted);
    const privileged = anApplication({ mode: 'privileged-application-restricted' });
    expect(privileged.permissions.has(permission)).toBe(row.applicationRestricted || permission === 'demographics.read-restricted');
    const updating = anApplication({ attributes: { update: true } });
    expect(updating.permissions.has(permission)).toBe(row.applicationRestricted || permission === 'demographics.update');
  });
});

/** Routes that anybody may reach, signed in or not. Another one is a decision: it is made here as well. */
const PUBLIC: Record<string, string[]> = {
  demographics: ['/personal-demographics/FHIR/R4/_ping', '/personal-demographics/FHIR/R4/_status'],
  // hashes and signatures of the log, which hold nothing of anybody
  audit: [
    '/.well-known/audit-log-keys',
    '/audit/log/checkpoint',
    '/audit/log/keys',
    '/audit/log/proof/consistency',
    '/audit/log/proof/inclusion',
    '/audit/log/tile/*',
  ],
  'record-locator': ['/record-locator/consumer/FHIR/R4/_ping', '/record-locator/consumer/FHIR/R4/_status', '/record-locator/producer/FHIR/R4/_ping', '/record-locator/producer/FHIR/R4/_status'],
  portal: ['/', '/*', '/assets/:hash/*', '/sign-in-problem', '/signed-out'],
  gateway: [
    '/*', // identifies the caller; the service behind declares the permission
    '/.well-known/oauth-authorization-server/oauth2',
    '/auth/backchannel-logout',
    '/auth/callback',
    '/auth/keep-alive',
    '/auth/login',
    '/auth/logout',
    '/auth/role',
    '/auth/session',
    '/auth/step-up',
    '/oauth2/.well-known/oauth-authorization-server',
    '/oauth2/authorize',
    '/oauth2/backchannel_logout',
    '/oauth2/token',
    '/oauth2/userinfo',
  ],
};
/** How many routes ask for a permission, at the least: a walk that finds none proves nothing. */
const GUARDED: Record<string, number> = { demographics: 10, audit: 19, 'record-locator': 30, portal: 20 };
const OF_EVERY_SERVICE = ['/health/live', '/health/ready', '/health/startup', '/metrics', '/openapi.json'];

const EXAMPLES: Record<string, string> = { id: '9990000018', organisation: 'RZZ01', '*': 'nothing' };
const addressOf = (url: string): string => url.replace(/:(\w+)|\*/g, (part, name?: string) => EXAMPLES[name ?? part] ?? 'example');

type Verdict = 'allowed' | 'refused' | 'step-up' | 'sign-in';

describe.each(SERVICE_NAMES)('every route of %s', (name) => {
  let stage: Walk;
  let guarded: (Route & { anyOf: readonly string[] })[];
  beforeAll(async () => {
    stage = await walk(name);
    guarded = stage.routes.flatMap((route) => ('rule' in route.access ? { ...route, anyOf: anyPermissionOf(route.access.rule) } : []));
  });
  afterAll(() => stage.service.stop());

  /** How a route meets a caller: pages and APIs say it each in their own way. */
  async function verdict(route: Route, headers: Record<string, string>): Promise<Verdict> {
    const answer = await stage.service.app.inject({ method: route.method as 'GET', url: addressOf(route.url), headers });
    const location = String(answer.headers.location ?? '');
    if (answer.statusCode === 401 || location.startsWith('/auth/login')) return 'sign-in';
    if (location.startsWith('/auth/step-up')) return 'step-up';
    if (answer.statusCode >= 500 && answer.statusCode !== 503) throw new Error(`${answer.statusCode} at ${route.method} ${route.url}`);
    if (answer.statusCode !== 403) return 'allowed';
    if (answer.headers['www-authenticate'] === 'Bearer error="insufficient_user_authentication", acr_values="AAL3_ANY"') return 'step-up';
    // refusals of what was asked, not of who asked
    return /FORBIDDEN_UPDATE|AUTHOR_CREDENTIALS_ERROR|"ACCESS DENIED"/.test(answer.payload) ? 'allowed' : 'refused';
  }

  const signedIn = (who: Principal): Principal => ({ ...who, session: { id: 'a-session', idleSeconds: 900, roles: [] } });

  /** Of several permissions the kindest verdict holds. */
  const kindest = (verdicts: Verdict[]): Verdict => (['allowed', 'step-up', 'refused'] as const).find((one) => verdicts.includes(one)) ?? 'refused';

  /** Where the verdicts on a caller are not what they should be. */
  async function surprises(who: Principal, expected: (permission: string) => Verdict): Promise<string[]> {
    const headers = await contextOf(name === 'portal' ? signedIn(who) : who);
    const found: string[] = [];
    for (const route of guarded) {
      const [is, should] = [await verdict(route, headers), kindest(route.anyOf.map(expected))];
      if (is !== should) found.push(`${route.method} ${route.url} (${route.anyOf.join(' or ')}): ${is}, not ${should}`);
    }
    return found;
  }

  const rowOf = (permission: string): Row | undefined => PERMISSIONS.find((row) => row.permission === permission);

  it('is public only where this file says so', () => {
    const { [name]: expected } = PUBLIC;
    if (!expected) return expect(guarded).toEqual([]); // the simulator protects nobody
    const open = stage.routes.filter(({ access }) => 'public' in access).map(({ url }) => url.replace(/^(.assets.)\w+/, '$1:hash'));
    expect([...new Set(open)].filter((url) => !OF_EVERY_SERVICE.includes(url)).sort()).toEqual([...expected].sort());
    expect(guarded.length).toBeGreaterThanOrEqual(GUARDED[name] ?? 0);
  });

  if (!(name in GUARDED)) return;

  it('asks whoever comes without a context to sign in', async () => {
    for (const route of guarded) expect([route.method, route.url, await verdict(route, {})]).toEqual([route.method, route.url, 'sign-in']);
    for (const route of guarded) expect([route.url, await verdict(route, { 'carespine-context': 'eyJhbGciOiJub25lIn0.e30.' })]).toEqual([route.url, 'sign-in']);
  });

  it('opens to each row’s activities as the table says, and to nothing else', async () => {
    for (const facts of PERMISSIONS.flatMap(waysToHold)) {
      const found = await surprises(aUser({ ...facts, activityCodes: [...facts.activityCodes], workgroups: [...facts.workgroups] }), (permission) => {
        const row = rowOf(permission);
        return !row || holds(row, facts) ? 'allowed' : 'refused';
      });
      expect([facts, found]).toEqual([facts, []]);
    }
  }, 240_000);

  it('stays shut when one condition of its row is missed', async () => {
    for (const permission of new Set(guarded.flatMap((route) => route.anyOf))) {
      const row = rowOf(permission);
      if (!row) continue;
      for (const [how, facts] of Object.entries(waysToMiss(row))) {
        const found = await surprises(aUser({ ...facts, activityCodes: [...facts.activityCodes], workgroups: [...facts.workgroups] }), (other) => {
          const otherRow = rowOf(other);
          return !otherRow || holds(otherRow, facts) ? 'allowed' : 'refused';
        });
        expect([permission, how, found]).toEqual([permission, how, []]);
      }
    }
  });

  it.each([1, 2])('at AAL%i asks for a step-up where one would do', async (aal) => {
    for (const row of PERMISSIONS.filter(({ permission }) => guarded.some((route) => route.anyOf.includes(permission)))) {
      for (const facts of waysToHold(row)) {
        const found = await surprises(aUser({ ...facts, aal, activityCodes: [...facts.activityCodes], workgroups: [...facts.workgroups] }), (permission) => {
          const other = rowOf(permission);
          if (!other || holds(other, { ...facts, aal })) return 'allowed';
          return holds(other, facts) ? 'step-up' : 'refused';
        });
        expect([facts, found]).toEqual([facts, []]);
      }
    }
  });

  it.each([
    ['an application', anApplication(), []],
    ['an application that may update', anApplication({ attributes: { update: true } }), ['demographics.update']],
    ['a privileged application', anApplication({ mode: 'privileged-application-restricted' }), ['demographics.read-restricted']],
  ] as const)('opens to %s only where the row says so', async (_who, who, extra) => {
    const found = await surprises(who, (permission) => (rowOf(permission)?.applicationRestricted || (extra as readonly string[]).includes(permission) ? 'allowed' : 'refused'));
    expect(found).toEqual([]);
  });

  it('opens to a user without a role only where being signed in is enough', async () => {
    const nobody = { ...aUser({ activityCodes: [] }), role: undefined };
    expect(await surprises(nobody, (permission) => (permission === 'signed-in' ? 'allowed' : 'refused'))).toEqual([]);
  });
});
