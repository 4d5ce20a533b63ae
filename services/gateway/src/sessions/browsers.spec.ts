import { isForged } from './browsers';

const OWN = 'https://carespine.example';
const cookie = 'a=b; __Host-carespine=x';

describe('requests that another site makes', () => {
  it.each<[string, boolean, string, Record<string, string>]>([
    ['a form of ours', false, 'POST', { cookie, 'sec-fetch-site': 'same-origin' }],
    ['a request that the user typed', false, 'POST', { cookie, 'sec-fetch-site': 'none' }],
    ['a form of another site', true, 'POST', { cookie, 'sec-fetch-site': 'cross-site', origin: OWN }],
    ['a form of a neighbour', true, 'POST', { cookie, 'sec-fetch-site': 'same-site' }],
    ['a script’s DELETE', true, 'DELETE', { cookie, 'sec-fetch-site': 'cross-site' }],
    ['an older browser with our Origin', false, 'POST', { cookie, origin: OWN }],
    ['an older browser with another Origin', true, 'POST', { cookie, origin: 'https://evil.example' }],
    ['an Origin that is hidden', true, 'POST', { cookie, origin: 'null' }],
    ['a browser that tells nothing', true, 'POST', { cookie }],
    ['a link from another site', false, 'GET', { cookie, 'sec-fetch-site': 'cross-site' }],
    ['no session', false, 'POST', { 'sec-fetch-site': 'cross-site' }],
    ['a supplier’s bearer token', false, 'POST', { cookie, authorization: 'Bearer x' }],
  ])('%s: forged %s', (_what, forged, method, headers) => expect(isForged({ method, headers }, OWN)).toBe(forged));
});
