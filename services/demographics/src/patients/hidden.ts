import { isDeepStrictEqual } from 'node:util';
import type { Extension, Patient } from '@carespine/fhir';

/**
 * An updated view of a record with all that the view had hidden put back: a caller changes what they see, by the places where they see it.
 *
 * @param record the whole record
 * @param seen the view of it that was updated
 * @param updated the view after the update
 */
export function withHidden(record: Patient, seen: Patient, updated: Patient): Patient {
  if (record === seen) return updated;
  const whole: Patient = { ...updated, meta: { ...record.meta, ...updated.meta } };
  for (const element of Object.keys(record) as (keyof Patient)[]) {
    if (!(element in seen)) Object.assign(whole, { [element]: record[element] });
  }
  const hiddenNames = (record.name ?? []).filter((name) => !seen.name?.some((other) => other.id === name.id));
  if (hiddenNames.length > 0) whole.name = [...(updated.name ?? []), ...hiddenNames];
  const extensions = restoreExtensions(record.extension ?? [], seen.extension ?? [], updated.extension ?? []);
  if (extensions.length > 0) whole.extension = extensions;
  return whole;
}

/** An extension that was shown otherwise than it is, and not changed, is as it was; one not shown stays. */
function restoreExtensions(stored: Extension[], seen: Extension[], updated: Extension[]): Extension[] {
  const restored = updated.map((extension) => {
    const original = stored.find((other) => other.url === extension.url);
    const shown = seen.find((other) => other.url === extension.url);
    return original && shown && isDeepStrictEqual(extension, shown) ? original : extension;
  });
  return [...restored, ...stored.filter((extension) => !seen.some((other) => other.url === extension.url))];
}
