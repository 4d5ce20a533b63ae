import fc from 'fast-check';
import { returnToIn } from './return-to';

describe('the page to come back to', () => {
  it.each([undefined, ''])('is the start page when none is named: %j', (given) => expect(returnToIn(given)).toBe('/find-a-patient'));

  it.each(['/patients/a.b-c_d', '/who-looked?from=2026-01-01&to=2026-02-01', '/'])('is a path of this site: %s', (path) =>
    expect(returnToIn(path)).toBe(path),
  );

  it.each<unknown>([
    '//evil.example',
    '/\\evil.example',
    '\\/evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/a\nb',
    '/\t/evil',
    '/a b',
    '/pä',
    ['/a'],
    {},
    `/${'x'.repeat(2001)}`,
  ])('is / for what is no path of this site: %j', (given) => expect(returnToIn(given)).toBe('/'));

  it('never leaves the site, whatever is given', () => {
    const hostile = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[/\\a:.@#?%\t ]{0,12}$/), fc.webUrl());
    const origin = 'https://carespine.example';
    fc.assert(fc.property(hostile, (given) => new URL(returnToIn(given), `${origin}/auth/callback`).origin === origin));
  });
});
