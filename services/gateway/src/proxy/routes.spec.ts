import { Routes } from './routes';

describe('where a request is answered', () => {
  const routes = new Routes(
    JSON.stringify({ '/record-locator/': 'http://locator', '/personal-demographics/': 'http://demographics', '/audit/': 'http://audit', '/': 'http://portal' }),
  );

  it.each([
    ['/record-locator/producer/FHIR/R4/DocumentReference', 'http://locator', 'nrl-producer-api'],
    ['/record-locator/consumer/FHIR/R4/DocumentReference?x', 'http://locator', 'nrl-consumer-api'],
    ['/record-locator/consume%72/FHIR/R4/DocumentReference?x=%zz', 'http://locator', 'nrl-consumer-api'],
    ['/%72ecord-locator/producer/FHIR/R4/DocumentReference', 'http://locator', 'nrl-producer-api'],
    ['/record-locator/consumer%2FFHIR/R4/DocumentReference', 'http://locator', undefined],
    ['/record-locator/consume%2572/FHIR/R4/DocumentReference', 'http://locator', undefined],
    ['/record-locator/v1/permissions', 'http://locator', undefined],
    ['/personal-demographics/FHIR/R4/Patient', 'http://demographics', 'personal-demographics-service'],
  ])('%s', (path, origin, product) => expect([routes.api(path)?.origin, routes.api(path)?.product]).toEqual([origin, product]));

  it('asks no token for the log of accesses, and one for all else of the audit', () => {
    expect(routes.api('/audit/log/checkpoint')).toMatchObject({ origin: 'http://audit', isOpen: true });
    for (const path of ['/audit/FHIR/R4/AuditEvent', '/audit/log', '/audit/v1/alerts']) expect(routes.api(path)?.isOpen).toBeUndefined();
  });

  it.each(['/record-locator/producer/', '/record-locator/consumer/'])('lets 500 requests a second through to %s (record locator specification, 11)', (path) =>
    expect(routes.api(path)?.rateLimit).toEqual({ perSecond: 500 }));

  it('is a page where no API has the path', () => {
    expect(routes.api('/patients')).toBeUndefined();
    expect(routes.pages.origin).toBe('http://portal');
  });
});
