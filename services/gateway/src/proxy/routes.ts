import type { FaultCode } from '@carespine/fhir';
import type { RateLimit } from '../applications/application';

/** What the door asks of who calls an API, by its base path; a service may answer several. */
interface Door {
  /** Product that an application must be subscribed to; none where being known is enough. */
  product?: string;
  /** Code of the refusal without it, where the API has its own. */
  unsubscribed?: FaultCode;
  /** Of each application that is registered without one of its own. */
  rateLimit?: RateLimit;
  /** Nobody needs a token here. */
  isOpen?: true;
}

/** Where a path is answered. */
export interface Route extends Door {
  prefix: string;
  /** Base address of the service. */
  origin: string;
}

const DOORS: Record<string, Door> = {
  '/personal-demographics/': { product: 'personal-demographics-service' },
  // 500 a second each side: record locator specification, "Limits and rates"
  '/record-locator/producer/': { product: 'nrl-producer-api', unsubscribed: 'PRECONDITION_FAILED', rateLimit: { perSecond: 500 } },
  '/record-locator/consumer/': { product: 'nrl-consumer-api', unsubscribed: 'PRECONDITION_FAILED', rateLimit: { perSecond: 500 } },
  // checkpoints, tiles, proofs and keys of the log of accesses: whoever verifies it needs no token
  '/audit/log/': { isOpen: true },
  '/.well-known/audit-log-keys': { isOpen: true },
};

/** What cannot be read is no API's. */
function asRead(url: string): string {
  const [path = ''] = url.split(/[?#]/, 1);
  if (!path.includes('%')) return path;
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

export class Routes {
  private readonly apis: Route[];
  /** Pages: whatever is no API's. */
  readonly pages: Route;

  /** @param table JSON of path prefix → base address; `/` is the portal */
  constructor(table: string) {
    const routes: Route[] = Object.entries(JSON.parse(table) as Record<string, string>).flatMap(([prefix, origin]) => [
      ...Object.entries(DOORS).flatMap(([base, door]) =>
        prefix !== '/' && base !== prefix && base.startsWith(prefix) ? [{ prefix: base, origin, ...door }] : [],
      ),
      { prefix, origin, ...DOORS[prefix] },
    ]);
    this.apis = routes.filter((route) => route.prefix !== '/');
    const pages = routes.find((route) => route.prefix === '/');
    if (!pages) throw new Error('ROUTES has no entry for /');
    this.pages = pages;
  }

  /** The API whose base path the request is under: as the service will read it, so that no letter written as `%72` gets past a door. */
  api(url: string): Route | undefined {
    const path = asRead(url);
    return this.apis.find((route) => path.startsWith(route.prefix));
  }
}
