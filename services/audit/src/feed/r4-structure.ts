import { Fault } from '@carespine/fhir';

/** A primitive type of FHIR R4, or the elements of a complex one. `any`: kept, and not looked into beyond what all FHIR JSON keeps to. */
type Type = 'string' | 'uri' | 'code' | 'id' | 'boolean' | 'instant' | 'dateTime' | 'base64Binary' | 'any' | Elements;

interface Element {
  type: Type;
  isRequired?: true;
  isList?: true;
}
type Elements = () => Record<string, Element>;

const one = (type: Type): Element => ({ type });
const required = (type: Type): Element => ({ type, isRequired: true });
const list = (type: Type): Element => ({ type, isList: true });
const requiredList = (type: Type): Element => ({ type, isList: true, isRequired: true });

const period: Elements = () => ({ start: one('dateTime'), end: one('dateTime') });
const coding: Elements = () => ({ system: one('uri'), version: one('string'), code: one('code'), display: one('string'), userSelected: one('boolean') });
const codeableConcept: Elements = () => ({ coding: list(coding), text: one('string') });
const identifier: Elements = () => ({
  use: one('code'),
  type: one(codeableConcept),
  system: one('uri'),
  value: one('string'),
  period: one(period),
  assigner: one(reference),
});
const reference: Elements = () => ({ reference: one('string'), type: one('uri'), identifier: one(identifier), display: one('string') });
const meta: Elements = () => ({
  versionId: one('id'),
  lastUpdated: one('instant'),
  source: one('uri'),
  profile: list('uri'),
  security: list(coding),
  tag: list(coding),
});

/** AuditEvent of FHIR R4. */
const AUDIT_EVENT: Elements = () => ({
  resourceType: required('code'),
  id: one('id'),
  meta: one(meta),
  language: one('code'),
  text: one('any'),
  contained: list('any'),
  type: required(coding),
  subtype: list(coding),
  action: one('code'),
  period: one(period),
  recorded: required('instant'),
  outcome: one('code'),
  outcomeDesc: one('string'),
  purposeOfEvent: list(codeableConcept),
  agent: requiredList(agent),
  source: required(source),
  entity: list(entity),
});
const agent: Elements = () => ({
  type: one(codeableConcept),
  role: list(codeableConcept),
  who: one(reference),
  altId: one('string'),
  name: one('string'),
  requestor: required('boolean'),
  location: one(reference),
  policy: list('uri'),
  media: one(coding),
  network: one(network),
  purposeOfUse: list(codeableConcept),
});
const network: Elements = () => ({ address: one('string'), type: one('code') });
const source: Elements = () => ({ site: one('string'), observer: required(reference), type: list(coding) });
const entity: Elements = () => ({
  what: one(reference),
  type: one(coding),
  role: one(coding),
  lifecycle: one(coding),
  securityLabel: list(coding),
  name: one('string'),
  description: one('string'),
  query: one('base64Binary'),
  detail: list(detail),
});
const detail: Elements = () => ({ type: required('string'), valueString: one('string'), valueBase64Binary: one('base64Binary') });

const PATTERNS: Record<Exclude<Type, 'boolean' | 'any' | Elements>, RegExp> = {
  string: /^[\s\S]*\S[\s\S]*$/,
  uri: /^\S+$/,
  code: /^[^\s]+( [^\s]+)*$/,
  id: /^[A-Za-z0-9.-]{1,64}$/,
  instant: /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/,
  dateTime: /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-](0\d|1[0-4]):[0-5]\d))?)?)?$/,
  base64Binary: /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
};

/**
 * Checks that a body is an AuditEvent by FHIR R4's elements, cardinalities and types. Extensions are kept and not looked into;
 * modifier extensions and implicit rules, which may turn the meaning of what is understood, are refused.
 *
 * @throws Fault naming the element
 * @see FHIR R4, AuditEvent, JSON representation, and extensibility
 */
export function checkStructure(body: Record<string, unknown>): void {
  if (body['resourceType'] !== 'AuditEvent') throw badElement('AuditEvent.resourceType', 'must be AuditEvent');
  checkElements(body, AUDIT_EVENT, 'AuditEvent');
}

function checkElements(value: unknown, elements: Elements, path: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badElement(path, 'must be an object');
  const known = elements();
  if (Object.keys(value).length === 0) throw badElement(path, 'must not be empty');
  for (const [name, given] of Object.entries(value)) {
    const at = `${path}.${name.slice(0, 50)}`;
    if (name === 'modifierExtension' || name === 'implicitRules') throw badElement(at, 'is not supported', 'UNSUPPORTED_VALUE');
    const ofPrimitive = name.startsWith('_') ? known[name.slice(1)] : undefined;
    if (name === 'extension' || (ofPrimitive && typeof ofPrimitive.type === 'string')) checkAny(given, at);
    else if (name === 'id' && path !== 'AuditEvent') checkValue(given, 'string', at);
    else if (!Object.hasOwn(known, name)) throw badElement(at, 'is no element of AuditEvent in FHIR R4', 'ADDITIONAL_PROPERTIES');
    else checkElement(given, known[name] as Element, at);
  }
  for (const [name, { isRequired }] of Object.entries(known)) {
    if (isRequired && !Object.hasOwn(value, name)) throw missingElement(`${path}.${name}`);
  }
}

function checkElement(value: unknown, { type, isList }: Element, path: string): void {
  if (!isList) return checkValue(value, type, path);
  if (!Array.isArray(value) || value.length === 0) throw badElement(path, 'must be a list that is not empty');
  value.forEach((one, i) => checkValue(one, type, `${path}[${i}]`));
}

function checkValue(value: unknown, type: Type, path: string): void {
  if (typeof type === 'function') return checkElements(value, type, path);
  if (type === 'any') return checkAny(value, path);
  if (type === 'boolean') {
    if (typeof value !== 'boolean') throw badElement(path, 'must be true or false');
  } else if (typeof value !== 'string' || CONTROL.test(value) || !PATTERNS[type].test(value)) throw badElement(path, `must be a ${type}`);
}

/** What holds for all FHIR JSON: nothing is empty, and texts are clean. */
function checkAny(value: unknown, path: string): void {
  if (typeof value === 'string' ? value === '' || CONTROL.test(value) : typeof value === 'object' && value !== null && Object.keys(value).length === 0) {
    throw badElement(path, 'must not be empty or hold control characters');
  }
  if (typeof value === 'object' && value !== null) Object.entries(value).forEach(([name, one]) => checkAny(one, Array.isArray(value) ? `${path}[${name}]` : `${path}.${name.slice(0, 50)}`));
}

const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\p{Surrogate}/u;

/** @param path FHIRPath of the element at fault */
export function badElement(path: string, what: string, code: 'INVALID_VALUE' | 'ADDITIONAL_PROPERTIES' | 'UNSUPPORTED_VALUE' = 'INVALID_VALUE'): Fault {
  const expression = path.replace(/[^\x20-\x7e]/g, '?').slice(0, 300);
  return new Fault(code, { diagnostics: `Invalid value - ${expression} ${what}`, expression });
}

export const missingElement = (path: string): Fault => new Fault('MISSING_VALUE', { diagnostics: `Missing value - '${path}'`, expression: path });
