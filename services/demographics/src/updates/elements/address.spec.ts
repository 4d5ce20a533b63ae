import { addressKey, aMinimalPatient, aPatient, URL } from '../testing/example-patients';
import {
  add,
  replace,
  test,
  remove,
  invalid,
  missing,
  additional,
  update,
  tooMany,
  tooFew,
  describeRules,
  type Case,
} from '../testing/rule-cases';

const original = aPatient();
const address = { use: 'home', line: ['', '23 Mill Lane', '', 'Leeds'], postalCode: 'LS1 4BU', period: { start: '2020-01-01' } };
const addAddress = (part: object) => [add('address', { ...address, ...part })];
const addedAddress = (part: object) => ({ address: [{ use: 'work' }, { id: 'NEW1', ...address, ...part }] });
const withoutCurrent = aPatient({ address: original.address?.slice(2) });
const homeId = test('/address/0/id', '456');
const tempId = test('/address/1/id', 'T456');
const temp = { ...address, use: 'temp', text: 'Holiday Home', period: { start: '2026-06-01', end: '2026-06-30' } };
const lines = update('address lines 1 and 4 or 2 and 4 must be completed as a minimum');
const keyed = (...extension: unknown[]) => addAddress({ extension });

const CASES: Case[] = [
  { rule: 'use is required', patches: [add('address', { line: address.line })], refused: missing('address/3/use') },
  { rule: 'use is one of a set', patches: addAddress({ use: 'old' }), refused: invalid('old', 'address/3/use') },
  {
    rule: 'blank lines are accepted and dropped',
    record: withoutCurrent,
    patches: addAddress({}),
    then: addedAddress({ line: ['23 Mill Lane', 'Leeds'] }),
  },
  { rule: 'home: 1 current', patches: addAddress({}), refused: update('multiple home addresses cannot be added') },
  { rule: 'home: 1 current, others ended', patches: addAddress({ period: { start: '2020-01-01', end: '2020-12-31' } }) },
  { rule: 'home: removed and added in one request', patches: [homeId, remove('/address/0'), ...addAddress({})] },
  { rule: 'temp: 1 current', patches: [add('address', temp)], refused: update('multiple temp addresses cannot be added') },
  {
    rule: 'several current temp addresses from former times stay, and can be replaced',
    record: aPatient({ address: [...(original.address ?? []), { ...temp, use: 'temp', id: 'T2' }] }),
    patches: [replace('/address/1', { ...temp, id: 'T456' })],
  },
  {
    rule: 'billing: 1 current',
    record: aMinimalPatient(),
    patches: [1, 2].map(() => add('address', { ...temp, use: 'billing' })),
    refused: update('multiple billing addresses cannot be added'),
  },
  {
    rule: 'temp: text is mandatory',
    record: withoutCurrent,
    patches: [add('address', { ...address, use: 'temp', period: temp.period })],
    refused: missing('address/1/text'),
  },
  {
    rule: 'temp: text is from the list',
    record: withoutCurrent,
    patches: [add('address', { ...temp, text: 'Tent' })],
    refused: invalid('Tent', 'address/1/text'),
  },
  {
    rule: 'an older text stays when something else changes',
    record: aPatient({ address: [{ ...temp, use: 'temp', id: '1', text: 'Tent' }] }),
    patches: [test('/address/0/id', '1'), replace('/address/0/postalCode', 'LS1 6AE')],
    then: { address: [{ text: 'Tent', postalCode: 'LS1 6AE' }] },
  },
  ...['temp', 'billing'].flatMap((use): Case[] => [
    {
      rule: `${use}: a period is mandatory`,
      record: withoutCurrent,
      patches: [add('address', { use, text: temp.text, line: address.line })],
      refused: missing('address/1/period'),
    },
    {
      rule: `${use}: an end is mandatory`,
      record: withoutCurrent,
      patches: [add('address', { ...temp, use, period: { start: '2026-06-01' } })],
      refused: missing('address/1/period/end'),
    },
    {
      rule: `${use}: a start is mandatory`,
      record: withoutCurrent,
      patches: [add('address', { ...temp, use, period: { end: '2026-06-30' } })],
      refused: missing('address/1/period/start'),
    },
  ]),
  ...(
    [
      ['temp', '2026-08-30', '2026-08-31', 90],
      ['billing', '2027-06-02', '2027-06-03', 366],
    ] as const
  ).flatMap(([use, last, late, days]): Case[] => [
    {
      rule: `${use}: max ${days} days`,
      record: withoutCurrent,
      patches: [add('address', { ...temp, use, period: { start: '2026-06-01', end: last } })],
    },
    {
      rule: `${use}: max ${days} days`,
      record: withoutCurrent,
      patches: [add('address', { ...temp, use, period: { start: '2026-06-01', end: late } })],
      refused: update(`a ${use} address must not last longer than ${days} days`),
    },
  ]),
  {
    rule: 'temp: max 90 days, in part',
    patches: [tempId, replace('/address/1/period/end', '2027-01-01')],
    refused: update('a temp address must not last longer than 90 days'),
  },
  { rule: 'temp: the end is not removed', patches: [tempId, remove('/address/1/period/end')], refused: update('end cannot be removed') },
  { rule: 'temp: the text is not removed', patches: [tempId, remove('/address/1/text')], refused: update('text cannot be removed') },
  {
    rule: 'a temp address without an end from former times: others can be replaced',
    record: aPatient({
      address: [
        ...(original.address?.slice(0, 1) ?? []),
        { id: 'T1', use: 'temp', line: ['1 High Street', 'Leeds'], period: { start: '2020-01-01' } },
      ],
    }),
    patches: [homeId, replace('/address/0/postalCode', 'LS1 4BU')],
  },
  {
    rule: 'work cannot be added',
    patches: addAddress({ use: 'work' }),
    refused: `UNSUPPORTED_VALUE: Unsupported value - 'work' in field 'address/3/use'`,
  },
  {
    rule: 'work cannot be replaced',
    patches: [replace('/address/2', { ...address, use: 'work', id: 'W456' })],
    refused: `UNSUPPORTED_VALUE: Unsupported value - 'work' in field 'address/2/use'`,
  },
  { rule: 'work can be removed', patches: [test('/address/2/id', 'W456'), remove('/address/2')] },
  {
    rule: 'line: at most 5',
    patches: addAddress({ line: ['1', '2', '3', '4', '5', '6'] }),
    refused: tooMany(`['1', '2', '3', '4', '5', '6']`, 'address/3/line'),
  },
  { rule: 'line is a list', patches: addAddress({ line: '1 High Street' }), refused: invalid('1 High Street', 'address/3/line') },
  { rule: 'line holds text', patches: addAddress({ line: ['1', 2, '', 'Leeds'] }), refused: invalid('2', 'address/3/line/1') },
  ...[['1 High Street'], ['1', '2', '3'], ['', '', '3', 'Leeds', '5'], ['1', '2', '3', ' '], [], undefined].map((line) => ({
    rule: `minimum is line 4 plus line 1 or 2: ${JSON.stringify(line)}`,
    record: withoutCurrent,
    patches: [add('address', line === undefined ? { use: 'home', postalCode: 'LS1 4BU' } : { ...address, line })],
    refused: lines,
  })),
  ...[
    ['1', '', '', 'Leeds'],
    ['', '2', '', 'Leeds'],
    ['1', '2', '3', 'Leeds', 'West Yorkshire'],
  ].map((line) => ({
    rule: `minimum is line 4 plus line 1 or 2: ${JSON.stringify(line)}`,
    record: withoutCurrent,
    patches: addAddress({ line }),
  })),
  { rule: 'minimum, lines replaced', patches: [homeId, replace('/address/0/line', ['2 Trevelyan Square'])], refused: lines },
  { rule: 'minimum, lines removed', patches: [homeId, remove('/address/0/line')], refused: lines },
  {
    rule: 'one line replaced',
    patches: [homeId, replace('/address/0/line/0', '2 Whitehall Quay')],
    then: { address: [{ line: ['2 Whitehall Quay', 'Boar Lane', 'City Centre', 'Leeds', 'West Yorkshire'] }, {}, {}] },
  },
  {
    rule: 'lines as they stood in the record are not judged again',
    record: aPatient({ address: [{ id: '456', use: 'home', line: ['23 Mill Lane', 'Leeds'], postalCode: 'LS1 4BU' }] }),
    patches: [replace('/address/0', { id: '456', use: 'home', line: ['23 Mill Lane', 'Leeds'], postalCode: 'LS1 6AE' })],
  },
  { rule: 'exception: pseudo postcode', record: withoutCurrent, patches: [add('address', { use: 'home', postalCode: 'ZZ99 3VZ' })] },
  {
    rule: 'exception: postcode and PAF key',
    record: withoutCurrent,
    patches: [add('address', { use: 'home', postalCode: 'LS1 6AE', extension: [addressKey('PAF', '12345678')] })],
  },
  {
    rule: 'no exception: PAF key without a postcode',
    record: withoutCurrent,
    patches: [add('address', { use: 'home', extension: [addressKey('PAF', '12345678')] })],
    refused: lines,
  },
  {
    rule: 'no exception: UPRN',
    record: withoutCurrent,
    patches: [add('address', { use: 'home', postalCode: 'LS1 6AE', extension: [addressKey('UPRN', '12')] })],
    refused: lines,
  },
  { rule: 'AddressKey: PAF and UPRN', record: withoutCurrent, patches: keyed(addressKey('PAF', '01234567'), addressKey('UPRN', '1')) },
  {
    rule: 'AddressKey: PAF has 8 digits',
    patches: keyed(addressKey('PAF', '1234567')),
    refused: invalid('1234567', 'address/3/extension/0/extension/1/valueString'),
  },
  {
    rule: 'AddressKey: UPRN has 1-12 digits',
    patches: keyed(addressKey('UPRN', '1234567890123')),
    refused: invalid('1234567890123', 'address/3/extension/0/extension/1/valueString'),
  },
  {
    rule: 'AddressKey: PAF or UPRN',
    patches: keyed(addressKey('OSGB', '1')),
    refused: invalid('OSGB', 'address/3/extension/0/extension/0/valueCoding/code'),
  },
  {
    rule: 'AddressKey: at most one of each',
    patches: keyed(addressKey('UPRN', '1'), addressKey('UPRN', '2')),
    refused: tooMany('<json too long to display>', 'address/3/extension'),
  },
  { rule: 'AddressKey: 0-2 keys', patches: keyed(1, 2, 3), refused: tooMany(`[1, 2, 3]`, 'address/3/extension') },
  {
    rule: 'AddressKey: extensions are mandatory',
    patches: keyed({ url: URL.addressKey }),
    refused: missing('address/3/extension/0/extension'),
  },
  { rule: 'AddressKey: the url is mandatory', patches: keyed({ extension: [] }), refused: missing('address/3/extension/0/url') },
  {
    rule: 'AddressKey: exactly two parts',
    patches: keyed({ url: URL.addressKey, extension: [] }),
    refused: tooFew('[]', 'address/3/extension/0/extension'),
  },
  {
    rule: 'AddressKey: type and value',
    patches: keyed({
      url: URL.addressKey,
      extension: [
        { url: 'value', valueString: '1' },
        { url: 'value', valueString: '2' },
      ],
    }),
    refused: invalid('value', 'address/3/extension/0/extension/1/url'),
  },
  { rule: 'unknown properties are refused', patches: addAddress({ city: 'Leeds' }), refused: additional('city') },
];

describeRules('address (5.6)', CASES);
