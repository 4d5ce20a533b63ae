import type { Patient } from '@carespine/fhir';
import { isKey, itemPath, LIST_KEYS, noIdFound, suppliesKey, type ListName } from './addressing';
import { additionalProperties, invalidPatch, invalidUpdate, invalidValue } from './faults';
import { isJsonObject, printed, sameJson, type JsonObject } from './json';
import type { Operation } from './patches';

/** What an update did to one item of a list, or to a member that is one object. */
export interface Change {
  /** As it stood in the record; undefined for a new one. */
  was: JsonObject | undefined;
  /** The object was given as a whole: new, or replaced. */
  whole: boolean;
  /** Members that were given as a whole: `line` by an operation on `/address/0/line`, not by one on `/address/0/line/1`. */
  members: Set<string>;
  /** Something inside it was removed. */
  partRemoved: boolean;
}

export interface Draft {
  /** The record with all operations applied; what they brought is not checked yet. */
  patient: JsonObject;
  /** Every new or changed item of a list, and `managingOrganization`, by the object in `patient`. */
  changes: Map<JsonObject, Change>;
  /** Members of the patient that an operation other than `test` reached. */
  members: Set<string>;
}

interface Standing extends Change {
  changed: boolean;
  /** The request named the item by its id, url or content. */
  identified: boolean;
}

/**
 * Applies the operations one after the other to a copy of the record; indexes are those of the moment.
 *
 * @throws Fault INVALID_UPDATE: index, absent member, failed test, or an id that is not the item's
 * @see demographics specification, "Addressing rules": rules 2, 4, 6 and 8; RFC 6902
 */
export function applyOperations(record: Patient, operations: readonly Operation[]): Draft {
  const patient = structuredClone(record) as unknown as JsonObject;
  const standings = new Map<JsonObject, Standing>();
  const members = new Set<string>();
  for (const list of Object.keys(LIST_KEYS) as ListName[]) {
    const before = (record[list] ?? []) as unknown as JsonObject[];
    (patient[list] as JsonObject[] | undefined)?.forEach((item, index) => standings.set(item, standing(before[index])));
  }

  for (const operation of operations) {
    const [member] = operation.tokens;
    if (operation.op !== 'test') members.add(member);
    if (itemPath(operation) === undefined) applyAt(patient, operation.tokens, operation);
    else applyToItem(patient, member as ListName, operation, standings);
  }

  const changes = new Map<JsonObject, Change>();
  for (const list of Object.keys(LIST_KEYS) as ListName[]) {
    const items = (patient[list] ?? []) as JsonObject[];
    items.forEach((item, index) => {
      const change = standings.get(item);
      if (!change?.changed) return;
      // Operations shift indexes: the id has to be that of the item which was changed, not of one that stood there before.
      if (!change.identified) throw noIdFound(`/${list}/${index}`);
      changes.set(item, change);
    });
    if (items.length === 0) Reflect.deleteProperty(patient, list);
  }
  const organization = patient['managingOrganization'];
  if (isJsonObject(organization) && members.has('managingOrganization')) {
    changes.set(organization, organizationChange(record, operations));
  }
  return { patient, changes, members };
}

function standing(was: JsonObject | undefined, whole = false): Standing {
  return { was, whole, members: new Set(), partRemoved: false, changed: whole, identified: whole };
}

function organizationChange(record: Patient, operations: readonly Operation[]): Change {
  const own = operations.filter(({ tokens, op }) => tokens[0] === 'managingOrganization' && op !== 'test');
  return {
    was: record.managingOrganization as JsonObject | undefined,
    whole: own.some(({ tokens }) => tokens.length === 1),
    members: new Set(),
    partRemoved: own.some(({ op }) => op === 'remove'),
  };
}

function applyToItem(patient: JsonObject, list: ListName, operation: Operation, standings: Map<JsonObject, Standing>): void {
  const { op, tokens, value } = operation;
  const [, position = '', ...inside] = tokens;
  const items = (patient[list] ?? []) as JsonObject[];
  if (op === 'add' && inside.length === 0) {
    if (!isJsonObject(value)) throw invalidValue(value, `${list}/${items.length}`);
    const added = structuredClone(value);
    patient[list] = [...items, added];
    standings.set(added, standing(undefined, true));
    return;
  }
  const index = existingIndex(items, position);
  const item = items[index] as JsonObject;
  const before = standings.get(item) ?? standing(undefined);
  if (isKey(operation)) {
    checkKey(value, list, item, items, position);
    before.identified = true;
  } else if (inside.length > 0) {
    applyAt(item, inside, operation);
    before.identified ||= suppliesKey(operation, `/${list}/${position}`);
    if (op === 'test') return;
    before.changed = true;
    before.partRemoved ||= op === 'remove';
    if (inside.length === 1 && inside[0] !== undefined) before.members.add(inside[0]);
  } else if (op === 'remove') {
    items.splice(index, 1);
  } else if (op === 'test') {
    checkTest(item, operation);
    before.identified = true;
  } else {
    const replacement = structuredClone(value) as JsonObject;
    checkKey(replacement[LIST_KEYS[list]], list, item, items, position);
    items[index] = replacement;
    standings.set(replacement, standing(before.was, true));
  }
}

/** Rules 2 and 4: the id, or url, that a request gives is that of the item at the index. */
function checkKey(key: unknown, list: ListName, item: JsonObject, items: readonly JsonObject[], position: string): void {
  const member = LIST_KEYS[list];
  if (item[member] === key && key !== undefined) return;
  const what = member === 'id' ? 'object id' : 'url';
  if (!items.some((other) => other[member] === key)) throw invalidUpdate(`no '${list}' resources with ${what} '${printed(key)}'`);
  throw invalidUpdate(`${what} '${printed(key)}' is not that of the item at '/${list}/${position}'`);
}

function checkTest(found: unknown, { path, value }: Operation): void {
  if (!sameJson(found, value)) throw invalidPatch(`the value at '${path}' is not equal to the tested value`);
}

/** Carries out an operation of RFC 6902 on what `tokens` lead to, from `start` on. */
function applyAt(start: JsonObject, tokens: readonly string[], operation: Operation): void {
  const { op, value } = operation;
  const last = tokens.at(-1) ?? '';
  const absent = () => invalidPatch(`can't ${op} non-existent object '${last}'`);
  let parent: unknown = start;
  tokens.slice(0, -1).forEach((token, step) => {
    if (Array.isArray(parent)) {
      parent = parent[existingIndex(parent, token)];
    } else {
      if (!isJsonObject(parent)) throw absent();
      // FHIR has no empty lists: the first given name, suffix or line of an item comes without one.
      const isFirstOfList = op === 'add' && step === tokens.length - 2 && (last === '-' || last === '0');
      if (!Object.hasOwn(parent, token)) {
        if (!isFirstOfList || token === '__proto__') throw absent();
        parent[token] = [];
      }
      parent = parent[token];
    }
  });

  if (Array.isArray(parent)) {
    if (op === 'add') {
      const index = last === '-' || last === `${parent.length}` ? parent.length : existingIndex(parent, last);
      parent.splice(index, 0, structuredClone(value));
      return;
    }
    const index = existingIndex(parent, last);
    if (op === 'replace') parent[index] = structuredClone(value);
    else if (op === 'remove') parent.splice(index, 1);
    else checkTest(parent[index], operation);
    return;
  }
  if (!isJsonObject(parent)) throw absent();
  if (last === '__proto__') throw additionalProperties([last]);
  if (op !== 'add' && !Object.hasOwn(parent, last)) throw absent();
  if (op === 'test') checkTest(parent[last], operation);
  else if (op === 'remove') Reflect.deleteProperty(parent, last);
  else parent[last] = structuredClone(value);
}

/** An index as RFC 6901 writes it (no sign, no leading zero) of an item that is there. */
function existingIndex(items: readonly unknown[], token: string): number {
  if (!/^(0|[1-9]\d*)$/.test(token)) throw invalidPatch(`'${printed(token)}' is not the index of an item`);
  if (Number(token) >= items.length) throw invalidPatch(`index '${printed(token)}' is out of bounds`);
  return Number(token);
}
