import { Fault } from '@carespine/fhir';
import { aContent, aPointer, MECHANISM } from '../pointers/fixtures/a-pointer';
import { CATEGORIES, isSnomedConcept, POINTER_TYPES } from './code-tables';
import { checkedPointer } from './checked-pointer';

type Json = Record<string, unknown>;
/** A copy of a good pointer with one thing changed, by its path; undefined takes the element away. */
function with_(path: string, value: unknown, pointer: object = aPointer()): Json {
  const copy = JSON.parse(JSON.stringify(pointer)) as Json;
  const steps = path.split(/[.[\]]+/).filter(Boolean);
  const last = steps.pop() ?? '';
  const parent = steps.reduce<Json>((at, step) => at[step] as Json, copy);
  parent[last] = value;
  return JSON.parse(JSON.stringify(copy)) as Json; // what is undefined goes
}

function faultsOf(value: unknown, needsId = false): [number, ...string[][]] | undefined {
  try {
    checkedPointer(value, 'RZZ01', needsId);
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return [
      error.status,
      ...error.toOperationOutcome().issue.map(({ details, expression }) => [details.coding[0]?.code ?? '', ...(expression ?? [])]),
    ];
  }
}
const unprocessable = (...expressions: string[]) => [422, ...expressions.map((expression) => ['UNPROCESSABLE_ENTITY', expression])];
const notWellFormed = (...expressions: string[]) => [400, ...expressions.map((expression) => ['MESSAGE_NOT_WELL_FORMED', expression])];

const coding = 'coding[0]';
const mechanisms = (...extension: unknown[]) => [...aContent().extension, ...extension];
const html = aContent({ contentType: 'text/html', format: 'urn:nhs-ic:record-contact', formatDisplay: 'Contact details (HTTP Unsecured)' });
const ssp = aContent({ url: 'ssp://nrl-rzz01.example.thirdparty.nhs.uk/plan.pdf' });
const asid = (value: string) => ({ identifier: { system: 'https://fhir.nhs.uk/Id/nhsSpineASID', value } });
const ods = { identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'RZZ01' } };

describe('Validation faults that must be caught (9.1): 422 with the expression', () => {
  it.each([...['custodian', 'type', 'status', 'subject', 'category', 'author', 'content'], 'context.practiceSetting'])(
    '%s missing',
    (element) => {
      expect(faultsOf(with_(element, undefined, { ...aPointer(), context: { ...aPointer().context, event: [{ text: 'x' }] } }))).toEqual(
        unprocessable(element),
      );
    },
  );

  it('missing elements are found first, stop all else, and come in the order of the national service', () => {
    expect(faultsOf({ resourceType: 'DocumentReference', docStatus: 'final' }, true)).toEqual(
      unprocessable('custodian', 'id', 'type', 'status', 'subject', 'category', 'author', 'content', 'context.practiceSetting'),
    );
  });

  it.each<[string, string, unknown, string]>([
    ['more than one category', 'category', [aPointer().category[0], aPointer().category[0]], 'category'],
    ['category coding not 1', `category[0].coding`, [{ code: 'a' }, { code: 'b' }], 'category[0].coding'],
    ['category without coding', `category[0]`, { text: 'x' }, 'category[0].coding'],
    ['category system', `category[0].${coding}.system`, 'http://example.org', `category[0].${coding}.system`],
    ['category code', `category[0].${coding}.code`, '1', `category[0].${coding}.code`],
    ['category display', `category[0].${coding}.display`, 'care plan', `category[0].${coding}.display`],
    ['category display missing', `category[0].${coding}.display`, undefined, `category[0].${coding}.display`],
    ['type coding not 1', 'type.coding', [aPointer().type.coding?.[0], aPointer().type.coding?.[0]], 'type.coding'],
    ['type system unknown', `type.${coding}.system`, 'http://example.org', `type.${coding}.system`],
    ['type code unknown', `type.${coding}.code`, '1', `type.${coding}.code`],
    ['type code of another system', `type.${coding}.code`, 'MAULR', `type.${coding}.code`],
    ['type display', `type.${coding}.display`, 'Mental Health Crisis Plan', `type.${coding}.display`],
    ['type and category do not pair', `category[0].${coding}`, CATEGORIES.get('1102421000000108'), 'category.coding[0].code'],
    ['subject system', 'subject.identifier.system', 'https://fhir.nhs.uk/Id/other', 'subject.identifier.system'],
    ['subject without identifier', 'subject', { display: 'x' }, 'subject.identifier'],
    ['subject number', 'subject.identifier.value', '999000001', 'subject.identifier.value'],
    ['custodian system', 'custodian.identifier.system', 'https://fhir.nhs.uk/Id/other', 'custodian.identifier.system'],
    ['custodian of another', 'custodian.identifier.value', 'RZZ02', 'custodian.identifier.value'],
    ['two authors', 'author', [ods, ods], 'author'],
    ['author system', 'author[0].identifier.system', 'https://fhir.nhs.uk/Id/other', 'author[0].identifier.system'],
    ['author not alphanumeric', 'author[0].identifier.value', 'RZZ-01', 'author[0].identifier.value'],
    ['author over 12 characters', 'author[0].identifier.value', 'ABCDEFGHIJKLM', 'author[0].identifier.value'],
    ['relatesTo code', 'relatesTo', [{ code: 'follows', target: ods }], 'relatesTo[0].code'],
    [
      'relatesTo without target',
      'relatesTo',
      [
        { code: 'signs', target: ods },
        { code: 'replaces', target: { display: 'x' } },
      ],
      'relatesTo[1].target.identifier.value',
    ],
    ['format display', 'content[0].format.display', 'Unstructured document', 'content[0].format.display'],
    ['format code', 'content[0].format.code', 'urn:nhs-ic:other', 'content[0].format.code'],
    ['format system', 'content[0].format.system', 'https://example.org', 'content[0].format.system'],
    ['format missing', 'content[0].format', undefined, 'content[0].format'],
    ['format does not pair with contentType', 'content[0].attachment.contentType', 'text/html', 'content[0].format.code'],
    ['contentType not allowed', 'content[0].attachment.contentType', 'image/png', 'content[0].attachment.contentType'],
    ['url of another scheme', 'content[0].attachment.url', 'http://example.org/x', 'content[0].attachment.url'],
    ['url relative', 'content[0].attachment.url', '/x', 'content[0].attachment.url'],
    ['attachment missing', 'content[0].attachment', undefined, 'content[0].attachment'],
    ['the second content', 'content', [html, with_('format.display', 'x', aContent())], 'content[1].format.display'],
    ['stability missing', 'content[0].extension', [MECHANISM], 'content[0].extension'],
    ['no extension', 'content[0].extension', undefined, 'content[0].extension'],
    ['stability repeated', 'content[0].extension', [...aContent().extension, ...aContent().extension], 'content[0].extension'],
    ['mechanism repeated', 'content[0].extension', mechanisms(MECHANISM, MECHANISM), 'content[0].extension'],
    [
      'stability display',
      `content[0].extension[0].valueCodeableConcept.${coding}.display`,
      'static',
      `content[0].extension[0].valueCodeableConcept.${coding}.display`,
    ],
    [
      'mechanism display',
      'content[0].extension',
      mechanisms(with_(`valueCodeableConcept.${coding}.display`, 'direct', MECHANISM)),
      `content[0].extension[1].valueCodeableConcept.${coding}.display`,
    ],
    ['practice setting coding not 1', 'context.practiceSetting', { text: 'x' }, 'context.practiceSetting.coding'],
    [
      'practice setting system',
      `context.practiceSetting.${coding}.system`,
      'https://example.org',
      `context.practiceSetting.${coding}.system`,
    ],
    ['practice setting code', `context.practiceSetting.${coding}.code`, '788002002', `context.practiceSetting.${coding}.code`],
    ['a pointer type as practice setting', `context.practiceSetting.${coding}.code`, '736253002', `context.practiceSetting.${coding}.code`],
    ['a category as practice setting', `context.practiceSetting.${coding}.code`, '734163000', `context.practiceSetting.${coding}.code`],
    ...[
      'https://user:secret@records.example.nhs.uk/plan.pdf',
      'https://records.example.nhs.uk\\plan.pdf',
      'https://records.example.nhs.uk/plän.pdf',
      'https://records.example.nhs.uk:8443/plan.pdf',
      `https://records.example.nhs.uk/${'a'.repeat(2048)}`,
    ].map((url): [string, string, unknown, string] => [`an address that is never opened: ${url.slice(0, 60)}`, 'content[0].attachment.url', url, 'content[0].attachment.url']),
    [
      'practice setting display',
      `context.practiceSetting.${coding}.display`,
      'Adult Mental Health Service',
      `context.practiceSetting.${coding}`,
    ],
    ['practice setting without display', `context.practiceSetting.${coding}.display`, undefined, `context.practiceSetting.${coding}`],
    ['ssp without related', 'content', [ssp], 'context.related'],
    ['an ASID that is not 12 digits, for any url', 'context.related', [ods, asid('2000000006')], 'context.related[1].identifier.value'],
    ['several ASIDs', 'context.related', [asid('200000000610'), asid('200000000611')], 'context.related'],
  ])('%s', (_, path, value, expression) => expect(faultsOf(with_(path, value))).toEqual(unprocessable(expression)));

  it.each<[string, unknown[], string | undefined]>([
    ['without an ASID', [ods], 'context.related'],
    ['with an ASID that is not 12 digits', [ods, asid('12345678901a')], 'context.related[1].identifier.value'],
    ['with several ASIDs', [asid('200000000610'), ods, asid('200000000610')], 'context.related'],
    ['with one beside others', [ods, asid('200000000610')], undefined],
  ])('ssp url %s', (_, related, expression) => {
    const pointer = with_('context.related', related, aPointer({ content: [ssp] }));
    expect(faultsOf(pointer)).toEqual(expression === undefined ? undefined : unprocessable(expression));
  });

  it('tells all broken rules at once', () => {
    const pointer = with_(
      'author[0].identifier.value',
      'A-1',
      with_('subject.identifier.value', '1', with_('content[0].format.display', 'x')),
    );
    expect(faultsOf(pointer)).toEqual(unprocessable('subject.identifier.value', 'author[0].identifier.value', 'content[0].format.display'));
  });

  it('an extension url that differs only in the case of letters is a bad request', () => {
    const url = aContent().extension[0]?.url.replace('ContentStability', 'contentstability');
    expect(faultsOf(with_('content[0].extension[0].url', url))).toEqual([400, ['BAD_REQUEST', 'content[0].extension[0].url']]);
  });
});

describe('Schema faults: 400 MESSAGE_NOT_WELL_FORMED with the path', () => {
  it.each<[string, string, unknown, string]>([
    ['status other than current', 'status', 'superseded', 'status'],
    ['docStatus', 'docStatus', 'draft', 'docStatus'],
    ['another resource type', 'resourceType', 'Patient', 'resourceType'],
    ['an unknown element', 'extra', 'x', 'extra'],
    ['an unknown element within', 'content[0].attachment.extra', 'x', 'content[0].attachment.extra'],
    ['an unknown element of a coding', `type.${coding}.extra`, 'x', `type.${coding}.extra`],
    ['__proto__ of nothing', 'constructor', {}, 'constructor'],
    ['an empty string', 'description', '', 'description'],
    ['an empty object', 'masterIdentifier', {}, 'masterIdentifier'],
    ['an empty array', 'category', [], 'category'],
    ['an empty array within', 'context.related', [], 'context.related'],
    ['an empty extension', 'content[0].extension', [], 'content[0].extension'],
    ['null', 'description', null, 'description'],
    ['null in a list', 'identifier', [null], 'identifier[0]'],
    ['a number for a string', 'description', 1, 'description'],
    ['an object for a list', 'category', { coding: [] }, 'category'],
    ['a list for an object', 'type', [{}], 'type'],
    ['a date that is none', 'date', '2026-13-01T00:00:00Z', 'date'],
    ['a day that is none', 'date', '2026-02-30T00:00:00Z', 'date'],
    ['a day that is none within', 'content[0].attachment.creation', '2026-02-30', 'content[0].attachment.creation'],
    ['a date before the year 1 in UTC', 'date', '0001-01-01T00:00:00+00:01', 'date'],
    ['a date after the year 9999 in UTC', 'date', '9999-12-31T23:59:59-00:01', 'date'],
    ['a control character', 'description', 'a\u0000b', 'description'],
    ['half a character', 'description', '\ud800', 'description'],
    ['an empty value within what is open', 'contained', [{ resourceType: 'Basic', x: { y: '' } }], 'contained[0].x.y'],
    ['a size below 0', 'content[0].attachment.size', -1, 'content[0].attachment.size'],
  ])('%s', (_, path, value, expression) => expect(faultsOf(with_(path, value))).toEqual(notWellFormed(expression)));

  it.each([null, [], 'x', 1, true])('%p is no resource', (value) => expect(faultsOf(value)).toEqual([400, ['MESSAGE_NOT_WELL_FORMED']]));
  it('a body without resourceType', () => expect(faultsOf(with_('resourceType', undefined))).toEqual(notWellFormed('resourceType')));

  it('comes before broken rules', () => expect(faultsOf(with_('extra', 1, with_('custodian', undefined)))).toEqual(notWellFormed('extra')));
});

describe('Pointers that are as they should be', () => {
  it.each([...POINTER_TYPES.keys()])('of type %s', (type) => expect(faultsOf(aPointer({ type }))).toBeUndefined());

  it.each<[string, Json]>([
    ['contact page and PDF', { content: [html, aContent()] }],
    ['contact page on another port, which is opened by a browser', { content: [{ ...html, attachment: { ...html.attachment, url: 'https://www.example.nhs.uk:8443/contact' } }] }],
    ['on the port of https, and on another of this machine', { content: ['https://records.example.nhs.uk:443/a', 'https://127.0.0.1:8086/a'].map((url) => aContent({ url })) }],
    ['made in a leap second', { date: '2016-12-31T23:59:60.5Z' }],
    [
      'structured in each media type',
      {
        content: ['application/json', 'application/fhir+json', 'application/json+fhir', 'text/html'].map((contentType) =>
          aContent({ contentType, format: 'urn:nhs-ic:structured', formatDisplay: 'Structured Document' }),
        ),
      },
    ],
    ['with a mechanism', { content: [{ ...aContent(), extension: mechanisms(MECHANISM) }] }],
    [
      'with all that FHIR has beside',
      {
        language: 'en-GB',
        implicitRules: 'https://example.org',
        text: { status: 'generated', div: '<div>x</div>' },
        securityLabel: [{ text: 'x' }],
        authenticator: ods,
        extension: [{ url: 'https://example.org', valueString: 'x' }],
        modifierExtension: [{ url: 'https://example.org', valueBoolean: false }],
        contained: [{ resourceType: 'Basic', id: 'x' }],
      },
    ],
    [
      'of a practice setting that is not in the sources',
      { context: { practiceSetting: { coding: [{ system: 'http://snomed.info/sct', code: '394802001', display: 'General medicine' }] } } },
    ],
  ])('%s', (_, rest) => expect(faultsOf(aPointer(rest))).toBeUndefined());

  it('of the national example, whose stability system ends with a comma', () => {
    const system = 'https://fhir.nhs.uk/England/CodeSystem/England-NRLContentStability';
    expect(
      checkedPointer(with_(`content[0].extension[0].valueCodeableConcept.${coding}.system`, `${system},`), 'RZZ01', false).content[0]
        ?.extension[0]?.valueCodeableConcept?.coding?.[0]?.system,
    ).toBe(system);
  });
});

describe('SNOMED CT concept ids', () => {
  it.each(['788002001', '788007007', '310000008', '310073009', '708168004', '22298006', '138875005', '999000011000000103'])(
    '%s is one',
    (code) => expect(isSnomedConcept(code)).toBe(true),
  );
  it.each([...[...POINTER_TYPES.values()].filter(({ system }) => system.endsWith('sct')).map(({ code }) => code), ...CATEGORIES.keys()])(
    '%s is one',
    (code) => expect(isSnomedConcept(code)).toBe(true),
  );
  it.each(['', '0', '788002002', '788020001', '123456789012345678901', 'x'])('%p is none', (code) =>
    expect(isSnomedConcept(code)).toBe(false),
  );
});
