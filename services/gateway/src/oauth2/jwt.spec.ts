import * as fc from 'fast-check';
import { readJwt } from './jwt';

const part = (text: string | Buffer): string => Buffer.from(text).toString('base64url');
const token = (header: string | Buffer, claims: string | Buffer): string => `${part(header)}.${part(claims)}.c2ln`;

describe('RFC 7515 compact serialisation', () => {
  it('is taken apart', () => {
    expect(readJwt(token('{"alg":"RS512"}', '{"iss":"a","x":{"iss":"b","y":[{"iss":1},{"iss":2}]}}'))).toEqual({
      header: { alg: 'RS512' },
      claims: { iss: 'a', x: { iss: 'b', y: [{ iss: 1 }, { iss: 2 }] } },
    });
  });

  it.each(['{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '{ "a" : {} , "b" : [1] , "a" : 1 }', '{"a":"\\"b\\":","b":1,"a":2}'])(
    'RFC 7519: refuses %s, which names a claim twice',
    (claims) => {
      expect(readJwt(token('{}', claims))).toBeUndefined();
      expect(readJwt(token(claims, '{}'))).toBeUndefined();
    },
  );

  const good = token('{}', '{}');
  const wrongParts = [token('[]', '{}'), token('{}', 'null'), token('{}', '1'), token('{', '{}'), token(Buffer.from([0xff]), '{}')];
  it.each(['', '.', '..', 'a.b', 'a.b.c.d', `${good}=`, ` ${good}`, ...wrongParts])('refuses %j', (text) => {
    expect(readJwt(text)).toBeUndefined();
  });

  it('reads whatever JSON writes, and never throws', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (claims) => {
        const json = JSON.stringify(claims);
        expect(readJwt(token('{}', json))?.claims).toEqual(JSON.parse(json));
      }),
    );
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => void readJwt(token(a, b))));
  });
});
