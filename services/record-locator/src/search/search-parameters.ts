import { Fault, isNhsNumber, type FaultCode, type NhsNumber } from '@carespine/fhir';
import { isOdsCode, type Side } from '../permissions/permission';
import { CATEGORIES, NHS_NUMBER_SYSTEM, ODS_SYSTEM, POINTER_TYPE_TOKENS, POINTER_TYPES, tokenOf } from '../validation/code-tables';
import { isPointerId, msOfInstant } from '../validation/shape';

/** What a search asks for. */
export interface PointerQuery {
  nhsNumber: NhsNumber;
  custodian?: string;
  /** Codes of the types that are permitted and asked for; none finds nothing. */
  types: string[];
  isCount: boolean;
  /** Pointers on a page; absent where all are wanted. */
  pageSize?: number;
  after?: PlaceInOrder;
  /** The parameters as they were applied, in the order of the self link. */
  applied: string;
}

/** Newest first, then by id. */
export interface PlaceInOrder {
  date: string;
  id: string;
}

/** More pointers than this come in pages, asked for or not: a patient has some dozens. */
export const LARGEST_PAGE = 5000;

const COMMON = ['subject:identifier', 'type', 'category', '_count', 'next-page-token'];
const PARAMETERS: Record<Side, readonly string[]> = {
  producer: COMMON,
  consumer: [...COMMON, 'custodian:identifier', '_summary'],
};

/**
 * @param parameters as they came: each once, as text
 * @param permitted codes of the types that the caller may see
 * @param codeOfBadNumber what a number that is not an NHS number is called
 * @throws Fault INVALID_PARAMETER, INVALID_NHS_NUMBER, INVALID_CODE_SYSTEM
 * @see record locator specification, "Search"
 */
export function parseSearch(
  parameters: Record<string, unknown>,
  side: Side,
  permitted: ReadonlySet<string>,
  codeOfBadNumber: FaultCode = 'INVALID_NHS_NUMBER',
): PointerQuery {
  const given = onceEach(parameters, PARAMETERS[side]);
  const nhsNumber = subjectOf(given.get('subject:identifier'), codeOfBadNumber);
  const custodian = custodianOf(given.get('custodian:identifier'));
  let types = [...permitted];
  const [type, category] = [given.get('type'), given.get('category')];
  if (type !== undefined) {
    const code = POINTER_TYPE_TOKENS.get(type);
    if (code === undefined || !permitted.has(code)) {
      throw new Fault('INVALID_CODE_SYSTEM', {
        expression: 'type',
        diagnostics: 'Invalid query parameter (the type is not among the allowed types of this organisation)',
      });
    }
    types = [code];
  }
  if (category !== undefined) {
    const categories = category.split(',').map(categoryOf);
    types = types.filter((code) => categories.includes(POINTER_TYPES.get(code)?.category.code ?? ''));
  }
  const summary = given.get('_summary');
  if (summary !== undefined && summary !== 'count') throw invalid('_summary', "must be 'count'");
  const pageSize = given.get('_count');
  if (pageSize !== undefined && !(/^[1-9]\d{0,3}$/.test(pageSize) && Number(pageSize) <= LARGEST_PAGE))
    throw invalid('_count', `must be a whole number from 1 to ${LARGEST_PAGE}`);
  const token = given.get('next-page-token');
  return {
    nhsNumber,
    ...(custodian !== undefined && { custodian }),
    types,
    isCount: summary === 'count',
    ...(pageSize !== undefined && { pageSize: Number(pageSize) }),
    ...(token !== undefined && { after: placeOf(token, 'next-page-token') }),
    applied: ['subject:identifier', 'custodian:identifier', 'type', 'category', '_count']
      .flatMap((name) => (given.has(name) ? [`${name}=${given.get(name)}`] : []))
      .join('&'),
  };
}

export const tokenOfPlace = ({ date, id }: PlaceInOrder): string => Buffer.from(`${date} ${id}`).toString('base64url');

/** @throws Fault INVALID_PARAMETER that names the parameter */
export function placeOf(token: string, name: string): PlaceInOrder {
  const [date = '', id = ''] = Buffer.from(token.slice(0, 200), 'base64url').toString().split(' ');
  const at = msOfInstant(date);
  if (Number.isNaN(at) || new Date(at).toISOString() !== date || !isPointerId(id)) throw invalid(name, 'is not a token of this service');
  return { date, id };
}

function onceEach(parameters: Record<string, unknown>, known: readonly string[]): Map<string, string> {
  const given = new Map<string, string>();
  for (const [name, value] of Object.entries(parameters)) {
    if (!known.includes(name)) throw invalid(shown(name), 'extra fields not permitted');
    if (typeof value !== 'string' || value === '') throw invalid(name, 'must be given once, as text');
    given.set(name, value);
  }
  return given;
}

function subjectOf(subject: string | undefined, codeOfBadNumber: FaultCode): NhsNumber {
  if (subject === undefined) throw invalid('subject:identifier', 'field required');
  const value = valueIn(NHS_NUMBER_SYSTEM, subject, 'subject:identifier');
  if (!isNhsNumber(value))
    throw new Fault(codeOfBadNumber, {
      expression: 'subject:identifier',
      diagnostics: 'A valid NHS number is required to search for document references',
    });
  return value;
}

function custodianOf(custodian: string | undefined): string | undefined {
  if (custodian === undefined) return undefined;
  const value = valueIn(ODS_SYSTEM, custodian, 'custodian:identifier');
  if (!isOdsCode(value)) throw invalid('custodian:identifier', 'must be an ODS code');
  return value;
}

function valueIn(system: string, token: string, name: string): string {
  if (!token.startsWith(`${system}|`)) throw invalid(name, `must be of the system ${system}`);
  return token.slice(system.length + 1);
}

function categoryOf(token: string): string {
  const category = [...CATEGORIES.values()].find((one) => tokenOf(one) === token);
  if (!category)
    throw new Fault('INVALID_CODE_SYSTEM', {
      expression: 'category',
      diagnostics: 'Invalid query parameter (the category is not one of pointers)',
    });
  return category.code;
}

const invalid = (name: string, reason: string): Fault =>
  new Fault('INVALID_PARAMETER', { expression: name, diagnostics: `Invalid query parameter (${name}: ${reason})` });

const shown = (name: string): string => name.replace(/[^\x20-\x7e]/g, '?').slice(0, 50);
