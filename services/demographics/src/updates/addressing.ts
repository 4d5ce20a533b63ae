import { additionalProperties, invalidUpdate } from './faults';
import { isJsonObject } from './json';
import type { Operation } from './patches';

/** The lists of a patient, each with the member that tells its items apart in an update. */
export const LIST_KEYS = {
  name: 'id',
  address: 'id',
  telecom: 'id',
  contact: 'id',
  generalPractitioner: 'id',
  extension: 'url',
} as const;
export type ListName = keyof typeof LIST_KEYS;

export const isListName = (name: string): name is ListName => Object.hasOwn(LIST_KEYS, name);

/** Members that are one value or one object; they need no id. */
const SINGLE_MEMBERS = ['gender', 'birthDate', 'deceasedDateTime', 'multipleBirthInteger', 'managingOrganization'];

/** Members that a reader sees and that no update reaches. */
const READ_ONLY_MEMBERS = ['resourceType', 'id', 'identifier', 'meta', 'link'];

/**
 * Checks how the operations address the patient, before anything is looked up in the record.
 *
 * @throws Fault INVALID_UPDATE, or ADDITIONAL_PROPERTIES for a member that a patient does not have
 * @see demographics specification, "Addressing rules": rules 1 to 5
 */
export function checkAddressing(operations: readonly Operation[]): void {
  operations.forEach((operation, index) => {
    const [member] = operation.tokens;
    // Looking at a value changes nothing: whether it is there shows when the operations are applied.
    if (operation.op === 'test') return;
    if (READ_ONLY_MEMBERS.includes(member)) throw invalidUpdate(`Update unsupported for resource - '${member}'`);
    if (isListName(member)) checkListOperation(operation, index, operations);
    else if (!SINGLE_MEMBERS.includes(member)) throw additionalProperties([member]);
  });
}

/** The path of the list item that an operation is about, e.g. `/name/0`; undefined for a path outside the lists' items. */
export function itemPath({ tokens: [member, index] }: Operation): string | undefined {
  return isListName(member) && index !== undefined ? `/${member}/${index}` : undefined;
}

export const noIdFound = (root: string) => invalidUpdate(`no id or url found for path with root ${root}`);

function checkListOperation(operation: Operation, index: number, operations: readonly Operation[]): void {
  const { op, path, tokens, value } = operation;
  const list = tokens[0] as ListName;
  const root = itemPath(operation);
  if (root === undefined) throw invalidUpdate(`'${list}' cannot be changed as a whole - address one of its items, or '/${list}/-'`);
  const isItem = tokens.length === 2;
  if (isItem && op === 'add') {
    // The service orders its lists, so only it can say where a new item stands.
    if (tokens[1] !== '-') throw invalidUpdate(`a new item of '${list}' must be added with path '/${list}/-' - not '${path}'`);
    if (isJsonObject(value) && Object.hasOwn(value, 'id')) throw invalidUpdate(`a new item of '${list}' must not have an id`);
  } else if (op === 'remove') {
    if (isKey(operation)) throw invalidUpdate(`'${LIST_KEYS[list]}' cannot be removed`);
    checkPrecedingTest(operation, root, operations[index - 1]);
    if (!isItem && !operations.some((other) => suppliesKey(other, root))) throw noIdFound(root);
  } else if (isItem) {
    if (!isJsonObject(value) || !Object.hasOwn(value, LIST_KEYS[list])) throw noIdFound(root);
  } else if (!operations.some((other) => suppliesKey(other, root))) {
    throw noIdFound(root);
  }
}

/** Whether a path ends in the id, or url, of a list's item. */
export function isKey({ tokens }: Operation): boolean {
  return tokens.length === 3 && isListName(tokens[0]) && tokens[2] === LIST_KEYS[tokens[0]];
}

/** Whether the operation tells which item stands at `root`: by its key, or by an object that holds the key. */
export function suppliesKey(operation: Operation, root: string): boolean {
  const { op, path, tokens, value } = operation;
  if (op === 'remove' || itemPath(operation) !== root) return false;
  if (isKey(operation)) return true;
  const key = LIST_KEYS[tokens[0] as ListName];
  const holdsKey = op !== 'add' && isJsonObject(value) && Object.hasOwn(value, key);
  // An extension's parts are named by urls too: each of them says which extension is meant.
  return path === root ? holdsKey : key === 'url' && (holdsKey || tokens.at(-1) === 'url');
}

/** Rule 5: a removal says what it expects to remove, in the operation just before it. */
function checkPrecedingTest({ path }: Operation, root: string, previous: Operation | undefined): void {
  if (previous?.op === 'test' && (previous.path === path || suppliesKey(previous, root))) return;
  const instead = previous === undefined ? 'it is the first item' : `it is preceded by ${previous.op} '${previous.path}'`;
  throw invalidUpdate(`removal '${path}' is not immediately preceded by equivalent test - instead ${instead}`);
}
