import type { Extension, Patient } from '@carespine/fhir';
import type { PatchOperation } from '../apis/demographics-api';

type ListName = 'name' | 'address' | 'telecom' | 'generalPractitioner' | 'extension';
type Item<L extends ListName> = NonNullable<Patient[L]>[number];

/**
 * Operations on the lists of a record, in the form that the API takes.
 *
 * @see demographics specification, "Addressing rules": add at `/-` without id; replace whole with its id; remove right after a
 * test of the same item (by `id`, for extensions by `url`)
 */
export const addItem = <L extends ListName>(list: L, value: Omit<Item<L>, 'id'>): PatchOperation => ({
  op: 'add',
  path: `/${list}/-`,
  value,
});

export const replaceItem = <L extends ListName>(patient: Patient, list: L, item: Item<L>, value: Item<L>): PatchOperation => ({
  op: 'replace',
  path: `/${list}/${indexOf(patient, list, item)}`,
  value,
});

export function removeItem<L extends ListName>(patient: Patient, list: L, item: Item<L>): PatchOperation[] {
  const path = `/${list}/${indexOf(patient, list, item)}`;
  const identity: PatchOperation =
    list === 'extension'
      ? { op: 'test', path: `${path}/url`, value: (item as Extension).url }
      : { op: 'test', path: `${path}/id`, value: (item as { id?: string }).id };
  return [identity, { op: 'remove', path }];
}

/** Sets, changes or (without a value) takes away the extension of this URL. */
export function setExtension(patient: Patient, url: string, value: Extension | undefined): PatchOperation[] {
  const current = patient.extension?.find((extension) => extension.url === url);
  if (!value) return current ? removeItem(patient, 'extension', current) : [];
  return [current ? replaceItem(patient, 'extension', current, value) : addItem('extension', value)];
}

/** Indexes shift after a removal, so removals of one list go last, highest index first. */
export function inOrder(changes: PatchOperation[][]): PatchOperation[] {
  const removes = (change: PatchOperation[]) => change.at(-1)?.op === 'remove';
  const index = (change: PatchOperation[]) => Number(change.at(-1)?.path.split('/')[2]);
  return [...changes.filter((change) => !removes(change)), ...changes.filter(removes).toSorted((a, b) => index(b) - index(a))].flat();
}

const indexOf = <L extends ListName>(patient: Patient, list: L, item: Item<L>): number =>
  (patient[list] as readonly Item<L>[]).indexOf(item);
