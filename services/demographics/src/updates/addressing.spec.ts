import { aPatient, aPatientWithout, AT, URL } from './testing/example-patients';
import { outcomeOf } from './testing/outcome-of';
import { add, additional, describeRules, invalid, remove, replace, test, update, type Case } from './testing/rule-cases';

const name = { use: 'temp', family: 'Bloggs', given: ['Joe'] };
const idOf = (op: string, value = '123') => ({ op, path: '/name/0/id', value });

const CASES: Case[] = [
  { rule: '1: a new list item has a path that ends /-', patches: [add('name', name)] },
  {
    rule: '1: a list that the record does not have is begun',
    record: aPatientWithout('extension'),
    patches: [{ op: 'add', path: '/extension/-', value: { url: URL.birthPlace, valueAddress: { city: 'Leeds' } } }],
    then: { extension: [{ url: URL.birthPlace, valueAddress: { city: 'Leeds' } }] },
  },
  {
    rule: '1: a new item is a whole object',
    patches: [add('name', 'Bloggs')],
    refused: invalid('Bloggs', 'name/2'),
  },
  {
    rule: '1: a new item has no id',
    patches: [add('name', { ...name, id: '9' })],
    refused: update(`a new item of 'name' must not have an id`),
  },
  {
    rule: '1: a numeric index for a base-level add is refused',
    patches: [{ op: 'add', path: '/name/0', value: name }],
    refused: update(`a new item of 'name' must be added with path '/name/-' - not '/name/0'`),
  },
  {
    rule: '1: a list is not replaced as a whole',
    patches: [replace('/name', [name])],
    refused: update(`'name' cannot be changed as a whole - address one of its items, or '/name/-'`),
  },
  ...['add', 'replace', 'test'].map((op) => ({
    rule: `2: part of an item changes with the object id given by ${op}`,
    patches: [idOf(op), replace('/name/0/given/0', 'Anne')],
  })),
  { rule: '2: the object id may come after the change', patches: [replace('/name/0/family', 'Hill'), idOf('test')] },
  {
    rule: '2: part of an item without the object id',
    patches: [replace('/address/0/line/0', '2 Whitehall Quay'), replace('/address/0/postalCode', 'LS1 4BU')],
    refused: update('no id or url found for path with root /address/0'),
  },
  {
    rule: '2: part of an item without the object id, where the record has no such list',
    record: aPatientWithout('address'),
    patches: [replace('/address/0/line/0', '2 Whitehall Quay')],
    refused: update('no id or url found for path with root /address/0'),
  },
  {
    rule: '2: the object id of another index does not count',
    patches: [test('/name/1/id', '124'), replace('/name/0/family', 'Hill')],
    refused: update('no id or url found for path with root /name/0'),
  },
  {
    rule: '2: unknown object id',
    patches: [replace('/address/0/id', '123456'), replace('/address/0/line/0', '2 Whitehall Quay')],
    refused: update(`no 'address' resources with object id '123456'`),
  },
  {
    rule: '2: unknown object id alone',
    patches: [replace('/address/0/id', '123456')],
    refused: update(`no 'address' resources with object id '123456'`),
  },
  {
    rule: '2: object id of another item',
    patches: [idOf('replace', '124'), replace('/name/0/family', 'Hill')],
    refused: update(`object id '124' is not that of the item at '/name/0'`),
  },
  {
    rule: '2: for extensions the url plays the part of the id',
    patches: [test(`${AT.communication}/url`, URL.communication), replace(`${AT.communication}/extension/1/valueBoolean`, false)],
  },
  {
    rule: '2: part of an extension given with its own url',
    patches: [replace(`${AT.communication}/extension/1`, { url: 'interpreterRequired', valueBoolean: false })],
  },
  {
    rule: '2: part of an extension without any url',
    patches: [replace(`${AT.communication}/extension/1/valueBoolean`, false)],
    refused: update(`no id or url found for path with root ${AT.communication}`),
  },
  {
    rule: '2: unknown url',
    patches: [test(`${AT.communication}/url`, 'http://example.com')],
    refused: update(`no 'extension' resources with url 'http://example.com'`),
  },
  {
    rule: '3: a numeric index adds inside a sub-list',
    patches: [idOf('add'), { op: 'add', path: '/name/0/given/0', value: 'Rose' }],
    then: { name: [{ ...aPatient().name?.[0], given: ['Rose', 'Jane', 'Marie', 'Anne'] }, { ...aPatient().name?.[1] }] },
  },
  { rule: '3: /- adds inside a sub-list with the id', patches: [idOf('add'), { op: 'add', path: '/name/0/given/-', value: 'Rose' }] },
  {
    rule: '3: /- on a sub-list without the id is refused',
    patches: [{ op: 'add', path: '/name/0/given/-', value: 'Rose' }],
    refused: update('no id or url found for path with root /name/0'),
  },
  {
    rule: '3: a sub-list is added as a whole',
    patches: [
      { op: 'add', path: '/name/1/id', value: '124' },
      { op: 'add', path: '/name/1/suffix', value: ['PhD', 'MBBS'] },
    ],
    then: { name: [{ ...aPatient().name?.[0] }, { ...aPatient().name?.[1], suffix: ['PhD', 'MBBS'] }] },
  },
  {
    rule: '3: the first item of a sub-list that is not there',
    patches: [
      { op: 'add', path: '/name/1/id', value: '124' },
      { op: 'add', path: '/name/1/suffix/-', value: 'PhD' },
    ],
    then: { name: [{ ...aPatient().name?.[0] }, { ...aPatient().name?.[1], suffix: ['PhD'] }] },
  },
  {
    rule: '3: a part of an extension is not added without the url of the whole',
    patches: [{ op: 'add', path: `${AT.communication}/extension/-`, value: { url: 'interpreterRequired', valueBoolean: true } }],
    refused: update(`no id or url found for path with root ${AT.communication}`),
  },
  {
    rule: '4: a whole item is replaced with its id',
    patches: [replace('/name/1', { ...name, use: 'old', id: '124' })],
  },
  {
    rule: '4: a whole item without its id',
    patches: [replace('/name/1', { ...name, use: 'old' })],
    refused: update('no id or url found for path with root /name/1'),
  },
  {
    rule: '4: the id beside the object is not enough',
    patches: [test('/name/1/id', '124'), replace('/name/1', { ...name, use: 'old' })],
    refused: update('no id or url found for path with root /name/1'),
  },
  {
    rule: '4: a whole item with an unknown id',
    patches: [replace('/name/1', { ...name, use: 'old', id: '9' })],
    refused: update(`no 'name' resources with object id '9'`),
  },
  {
    rule: '4: a whole extension with the url of another',
    patches: [{ op: 'replace', path: AT.pharmacy, value: { url: URL.birthPlace, valueAddress: { city: 'Leeds' } } }],
    refused: update(`url '${URL.birthPlace}' is not that of the item at '${AT.pharmacy}'`),
  },
  {
    rule: '5: removal as the first operation',
    patches: [remove('/name/1')],
    refused: update(`removal '/name/1' is not immediately preceded by equivalent test - instead it is the first item`),
  },
  {
    rule: '5: removal of an array inside an item, as the first operation',
    patches: [remove('/name/0/suffix')],
    refused: update(`removal '/name/0/suffix' is not immediately preceded by equivalent test - instead it is the first item`),
  },
  {
    rule: '5: the test must come immediately before',
    patches: [test('/name/1/id', '124'), replace('/gender', 'male'), remove('/name/1')],
    refused: update(`removal '/name/1' is not immediately preceded by equivalent test - instead it is preceded by replace '/gender'`),
  },
  {
    rule: '5: the test must be on the same item',
    patches: [idOf('test'), remove('/name/1')],
    refused: update(`removal '/name/1' is not immediately preceded by equivalent test - instead it is preceded by test '/name/0/id'`),
  },
  {
    rule: '5: a replace of the id is no test',
    patches: [replace('/name/1/id', '124'), remove('/name/1')],
    refused: update(`removal '/name/1' is not immediately preceded by equivalent test - instead it is preceded by replace '/name/1/id'`),
  },
  {
    rule: '5: a test of something else in the item is not equivalent',
    patches: [test('/name/1/family', 'Jones'), remove('/name/1')],
    refused: update(`removal '/name/1' is not immediately preceded by equivalent test - instead it is preceded by test '/name/1/family'`),
  },
  {
    rule: '5: removal tested by id',
    patches: [test('/name/1/id', '124'), remove('/name/1')],
    then: { name: [{ ...aPatient().name?.[0] }] },
  },
  {
    rule: '5: removal tested by url',
    patches: [test(`${AT.pharmacy}/url`, URL.pharmacy), remove(AT.pharmacy)],
    then: { extension: aPatient().extension?.slice(1) },
  },
  {
    rule: '5: removal tested by the whole object',
    patches: [test('/contact/0', aPatient().contact?.[0]), remove('/contact/0')],
    gone: 'contact',
  },
  {
    rule: '5: an array inside an item is removed',
    patches: [idOf('test'), remove('/name/0/suffix')],
    then: { name: [expect.not.objectContaining({ suffix: expect.anything() }), { ...aPatient().name?.[1] }] },
  },
  { rule: '5: an item of an array inside an item is removed', patches: [idOf('test'), remove('/name/0/suffix/0')] },
  {
    rule: '5: a removed array is known by the id, not by its content alone',
    patches: [test('/name/0/suffix', ['MBE']), remove('/name/0/suffix')],
    refused: update('no id or url found for path with root /name/0'),
  },
  {
    rule: '5: the id itself is not removed',
    patches: [idOf('test'), remove('/name/0/id')],
    refused: update(`'id' cannot be removed`),
  },
  {
    rule: '6: removals from the highest index down',
    patches: [test('/telecom/3/id', 'OC789'), remove('/telecom/3'), test('/telecom/1/id', '790'), remove('/telecom/1')],
    then: { telecom: [aPatient().telecom?.[0], aPatient().telecom?.[2]].flatMap((item) => item ?? []) },
  },
  {
    rule: '6: indexes shift after each removal',
    patches: [test('/telecom/1/id', '790'), remove('/telecom/1'), test('/telecom/1/id', '791'), remove('/telecom/1')],
    then: { telecom: [aPatient().telecom?.[0], aPatient().telecom?.[3]].flatMap((item) => item ?? []) },
  },
  {
    rule: '6: an index that has shifted fails its test, and nothing is applied',
    patches: [test('/telecom/1/id', '790'), remove('/telecom/1'), test('/telecom/2/id', '791'), remove('/telecom/2')],
    refused: update(`object id '791' is not that of the item at '/telecom/2'`),
  },
  {
    rule: '6: an id given for an item that was removed since does not count for the one that took its place',
    patches: [test('/telecom/0/id', '789'), remove('/telecom/0'), replace('/telecom/0/value', 'j.smith@example.com')],
    refused: update('no id or url found for path with root /telecom/0'),
  },
  {
    rule: '6: nor does the url of an extension that was removed since',
    patches: [test(`${AT.pharmacy}/url`, URL.pharmacy), remove(AT.pharmacy), replace(`${AT.pharmacy}/extension/1/valueBoolean`, false)],
    refused: update(`no id or url found for path with root ${AT.pharmacy}`),
  },
  {
    rule: '7: several operations on one item',
    patches: [idOf('replace'), replace('/name/0/prefix/0', 'Mr'), replace('/name/0/family', 'Hill')],
    then: { name: [{ ...aPatient().name?.[0], prefix: ['Mr'], family: 'Hill' }, { ...aPatient().name?.[1] }] },
  },
  {
    rule: '8: out-of-range index',
    patches: [test('/name/2/id', '123456'), remove('/name/2')],
    refused: update(`Invalid patch - index '2' is out of bounds`),
  },
  {
    rule: '8: index in a list that the record does not have',
    record: aPatientWithout('address'),
    patches: [replace('/address/0/id', '456'), replace('/address/0/line/0', '2 Whitehall Quay')],
    refused: update(`Invalid patch - index '0' is out of bounds`),
  },
  {
    rule: '8: absent member to replace',
    patches: [replace('/name/1/id', '124'), replace('/name/1/suffix', ['PhD'])],
    refused: update(`Invalid patch - can't replace non-existent object 'suffix'`),
  },
  {
    rule: '8: absent member to remove',
    patches: [test('/name/1/id', '124'), remove('/name/1/suffix/0')],
    refused: update(`Invalid patch - can't remove non-existent object '0'`),
  },
  {
    rule: '8: absent scalar to replace',
    record: aPatientWithout('gender'),
    patches: [replace('/gender', 'male')],
    refused: update(`Invalid patch - can't replace non-existent object 'gender'`),
  },
  {
    rule: '8: failed test',
    patches: [test('/gender', 'male'), replace('/gender', 'unknown')],
    refused: update(`Invalid patch - the value at '/gender' is not equal to the tested value`),
  },
  ...['01', '-1', '1e0', '+0', '0x0', ' 0', '', '1.0', 'length', '__proto__', '-'].map((index) => ({
    rule: `8: '${index}' is not an index`,
    patches: [test(`/name/${index}/id`, '123'), remove(`/name/${index}`)],
    refused: update(`Invalid patch - '${index}' is not the index of an item`),
  })),
  { rule: 'scalars need no id', patches: [replace('/gender', 'male')], then: { gender: 'male' } },
  {
    rule: 'scalars are added',
    record: aPatientWithout('gender'),
    patches: [{ op: 'add', path: '/gender', value: 'male' }],
    then: { gender: 'male' },
  },
  ...['resourceType', 'id', 'identifier', 'meta', 'link'].map((member) => ({
    rule: `${member} is not updatable`,
    patches: [replace(`/${member}`, 'x')],
    refused: update(`Update unsupported for resource - '${member}'`),
  })),
  {
    rule: 'meta is not updatable in part',
    patches: [replace('/meta/versionId', '99')],
    refused: update(`Update unsupported for resource - 'meta'`),
  },
  {
    rule: 'removal from registration is retrieve only',
    patches: [test(`${AT.removal}/url`, URL.removal), remove(AT.removal)],
    refused: update(`Update unsupported for resource - '${URL.removal}'`),
  },
  {
    rule: 'removal from registration cannot be added',
    record: aPatientWithout('extension'),
    patches: [{ op: 'add', path: '/extension/-', value: { url: URL.removal, extension: [] } }],
    refused: update(`Update unsupported for resource - '${URL.removal}'`),
  },
  ...['pets', '__proto__', 'constructor', 'toString', 'hasOwnProperty', ''].flatMap((member) =>
    [`/${member}`, `/${member}/x`, `/${member}/-`].map((path) => ({
      rule: `unknown members are refused: ${path}`,
      patches: [{ op: 'add', path, value: 'x' }],
      refused: additional(member),
    })),
  ),
  {
    rule: 'unknown members of an item are refused',
    patches: [idOf('test'), { op: 'add', path: '/name/0/constructor', value: 'x' }],
    refused: additional('constructor'),
  },
  {
    rule: 'a prototype is no member of an item',
    patches: [idOf('test'), { op: 'add', path: '/name/0/__proto__', value: { family: 'x' } }],
    refused: additional('__proto__'),
  },
  {
    rule: 'a prototype is not walked through',
    patches: [idOf('test'), { op: 'add', path: '/name/0/__proto__/polluted', value: 'x' }],
    refused: update(`Invalid patch - can't add non-existent object 'polluted'`),
  },
  {
    rule: 'JSON pointer escapes ~0 and ~1 are read',
    patches: [{ op: 'add', path: '/a~1b~0c', value: 'x' }],
    refused: additional('a/b~c'),
  },
];

describeRules('addressing rules (7.1)', CASES);

describe('PDS update, as a whole', () => {
  it('gives a new item its id', () => {
    expect(outcomeOf(aPatient(), { patches: [{ op: 'add', path: '/name/-', value: name }] })).toMatchObject({
      name: [{ id: '123' }, { id: '124' }, { id: 'NEW1', ...name }],
    });
  });

  it('is all or nothing, and leaves its arguments as they were', () => {
    const record = aPatient();
    const body = {
      patches: [
        { op: 'add', path: '/name/-', value: name },
        { op: 'replace', path: '/gender', value: 'x' },
      ],
    };
    expect(outcomeOf(record, body)).toMatch(/^INVALID_VALUE/);
    expect(record).toEqual(aPatient());
    expect(body.patches[0]).toEqual({ op: 'add', path: '/name/-', value: name });
  });
});
