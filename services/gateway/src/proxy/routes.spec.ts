import { Routes } from './routes';

describe('where a request is answered', () => {
  const routes = new Routes(
    JSON.stringify({ '/record-locator/': 'http://locator', '/personal-demographics/': 'http://demographics', '/': 'http://portal' }),
  );

  it.each([
    ['/record-locator/producer/FHIR/R4/DocumentReference', 'http://locator', 'nrl-producer-api'],
    ['/record-locator/consumer/FHIR/R4/DocumentReference?x', 'http://locator', 'nrl-consumer-api'],
    ['/record-locator/v1/permissions', 'http://locator', undefined],
    ['/personal-demographics/FHIR/R4/Patient', 'http://demographics', 'personal-demographics-service'],
  ])('%s', (path, origin, product) => expect(routes.api(path)).toMatchObject({ origin, product }));

  it('is a page where no API has the path', () => {
    expect(routes.api('/patients')).toBeUndefined();
    expect(routes.pages.origin).toBe('http://portal');
  });
});
