import { aPatient } from './testing/example-patients';
import { outcomeOf } from './testing/outcome-of';
import { invalid, missing, update } from './testing/rule-cases';

describe('PDS update, body', () => {
  const deep = (levels: number): unknown => (levels === 0 ? 'x' : [deep(levels - 1)]);
  const gender = { op: 'replace', path: '/gender', value: 'male' };

  it.each([
    ['no patches', {}, update('No patches found')],
    ['empty patches', { patches: [] }, update('No patches found')],
    ['no object', [gender], update('No patches found')],
    ['nothing', undefined, update('No patches found')],
    ['null', null, update('No patches found')],
    ['patches that are no list', { patches: gender }, /^INVALID_VALUE: Invalid value - '.*' in field 'patches'$/],
    ['a patch that is no object', { patches: [gender, 'x'] }, invalid('x', '1')],
    ['members beside patches', { patches: [gender], meta: {} }, /^ADDITIONAL_PROPERTIES: .*\('meta' was unexpected\)$/],
    ['bad op', { patches: [{ op: 'bad_value', path: 'not a path' }] }, invalid('bad_value', '0/op')],
    ['move', { patches: [gender, { op: 'move', from: '/gender', path: '/birthDate' }] }, invalid('move', '1/op')],
    ['copy', { patches: [{ op: 'copy', from: '/gender', path: '/birthDate' }] }, invalid('copy', '0/op')],
    ['op that is no text', { patches: [{ op: ['add'], path: '/gender' }] }, invalid("['add']", '0/op')],
    ['no op', { patches: [{ path: '/gender' }] }, missing('0/op')],
    ['no path', { patches: [{ op: 'add', value: 'male' }] }, missing('0/path')],
    ['no value', { patches: [{ op: 'add', path: '/gender' }] }, missing('0/value')],
    ['path that is no text', { patches: [{ op: 'remove', path: 5 }] }, invalid('5', '0/path')],
    ['path that is no pointer', { patches: [{ op: 'remove', path: 'gender' }] }, invalid('gender', '0/path')],
    ['path with a bad escape', { patches: [{ op: 'remove', path: '/a~2' }] }, invalid('/a~2', '0/path')],
    ['path to everything', { patches: [{ op: 'remove', path: '' }] }, invalid('', '0/path')],
    [
      'a path that is very long',
      { patches: [{ op: 'remove', path: '/a'.repeat(500) }] },
      /<json too long to display>' in field '0\/path'$/,
    ],
    ['too many patches', { patches: Array(101).fill(gender) }, /^TOO_MANY_VALUES_SUBMITTED: .* in field 'patches'$/],
    ['a huge value', { patches: [{ ...gender, value: Array(10_000).fill(0) }] }, /^TOO_MANY_VALUES_SUBMITTED: .* in field 'patches'$/],
    ['a deep value', { patches: [{ ...gender, value: deep(1_000) }] }, update('values are nested more than 20 deep')],
    [
      'a prototype in a value',
      JSON.parse('{"patches":[{"op":"add","path":"/name/-","value":{"__proto__":{"use":"old"}}}]}'),
      /^ADDITIONAL_PROPERTIES/,
    ],
    ['what is not JSON', { patches: [{ ...gender, value: new Date() }] }, update('the body is not JSON')],
  ])('%s', (_, body, expected) => {
    expect(outcomeOf(aPatient(), body)).toEqual(expected instanceof RegExp ? expect.stringMatching(expected) : expected);
  });

  it('accepts a value on remove and members that RFC 6902 does not define, and ignores them', () => {
    const patches = [
      { op: 'test', path: '/name/1/id', value: '124' },
      { op: 'remove', path: '/name/1', value: null, comment: 'married' },
    ];
    expect(outcomeOf(aPatient(), { patches })).toMatchObject({ meta: { versionId: '3' } });
  });
});
