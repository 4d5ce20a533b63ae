import { invalidUpdate, missingValue, tooManyValues } from '../faults';
import { isJsonObject, sameJson, type JsonObject } from '../json';
import { allowMembers, listAt, objectAt, oneOf, requireMember, type Element } from './element';

/**
 * The parts of an extension that consists of extensions, by url; each url may stand once.
 *
 * @param valueMembers the urls that the extension may have, each with the member that holds its value
 */
export function subExtensions<Url extends string>(
  extension: Element,
  valueMembers: Record<Url, string>,
  size: { min: number; max: number },
): Partial<Record<Url, Element>> {
  allowMembers(extension, ['url', 'extension']);
  requireMember(extension, 'extension');
  const { value, at, was } = extension;
  const place = `${at}/extension`;
  const list = listAt(value['extension'], place, size);
  const parts: Partial<Record<Url, Element>> = {};
  list.forEach((item, index) => {
    const part = objectAt(item, `${place}/${index}`);
    const element: Element = { ...extension, at: `${place}/${index}`, value: part, was: undefined };
    if (part['url'] === undefined) throw missingValue(`${element.at}/url`);
    const url = oneOf(part['url'], `${element.at}/url`, Object.keys(valueMembers) as Url[]);
    if (parts[url]) throw tooManyValues(list, place);
    allowMembers(element, ['url', valueMembers[url]]);
    if (part[valueMembers[url]] === undefined) throw missingValue(`${element.at}/${valueMembers[url]}`);
    parts[url] = { ...element, was: partIn(was, url) };
  });
  return parts;
}

/** Whether the update gives a part another value than the record has. */
export function isTouched(part: Element | undefined): part is Element {
  return part !== undefined && !sameJson(part.value, part.was);
}

/** Refuses an extension without the part: one that a request takes away cannot be, one that it leaves out is missing. */
export function requirePart(extension: Element, url: string): void {
  if (partIn(extension.value, url)) return;
  throw extension.whole ? missingValue(`${extension.at}/extension/${url}`) : invalidUpdate(`${url} cannot be removed`);
}

export function partIn(extension: JsonObject | undefined, url: string): JsonObject | undefined {
  const parts: unknown[] = Array.isArray(extension?.['extension']) ? extension['extension'] : [];
  return parts.filter(isJsonObject).find((part) => part['url'] === url);
}
