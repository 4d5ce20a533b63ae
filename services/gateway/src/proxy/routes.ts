/** Where a path is answered. */
export interface Route {
  prefix: string;
  /** Base address of the service. */
  origin: string;
  /** Product that an application must be subscribed to; none where being known is enough. */
  product?: string;
}

/** API product of each API's base path; a service may answer several. */
const PRODUCTS: Record<string, string> = {
  '/personal-demographics/': 'personal-demographics-service',
  '/record-locator/producer/': 'nrl-producer-api',
  '/record-locator/consumer/': 'nrl-consumer-api',
};

export class Routes {
  private readonly apis: Route[];
  /** Pages: whatever is no API's. */
  readonly pages: Route;

  /** @param table JSON of path prefix → base address; `/` is the portal */
  constructor(table: string) {
    const routes: Route[] = Object.entries(JSON.parse(table) as Record<string, string>).flatMap(([prefix, origin]) => [
      ...Object.entries(PRODUCTS).flatMap(([base, product]) =>
        prefix !== '/' && base !== prefix && base.startsWith(prefix) ? [{ prefix: base, origin, product }] : [],
      ),
      { prefix, origin, product: PRODUCTS[prefix] },
    ]);
    this.apis = routes.filter((route) => route.prefix !== '/');
    const pages = routes.find((route) => route.prefix === '/');
    if (!pages) throw new Error('ROUTES has no entry for /');
    this.pages = pages;
  }

  /** The API whose base path the request is under. */
  api(path: string): Route | undefined {
    return this.apis.find((route) => path.startsWith(route.prefix));
  }
}
