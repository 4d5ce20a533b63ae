import { invalidUpdate, invalidValue, tooManyValues, unsupportedCharacters } from '../faults';
import type { JsonObject } from '../json';
import { allowMembers, listAt, oneOf, requireMember, textAt, touches, type Element, type Moment } from './element';
import { checkPeriod } from './period';

const USES = ['usual', 'nickname', 'temp', 'old', 'maiden'] as const;
const LONGEST_NAME = 35;
const MOST_GIVEN_NAMES = 5;

/** Code points 32, 39, 45, 46, 48-57, 65-90, 97-122, 192-214, 216-246 and 248-383. */
const NAME_CHARACTERS = /^[ '\-.0-9A-Za-zÀ-ÖØ-öø-ſ]*$/;

const STANDARD_TITLES = ['Mr', 'Mrs', 'Ms', 'Dr', 'Rev', 'Sir', 'Lady', 'Lord'];

/** @see demographics specification, "name" */
export function checkName(name: Element, moment: Moment): void {
  const { value, at, was } = name;
  allowMembers(name, ['id', 'use', 'period', 'given', 'family', 'prefix', 'suffix']);
  requireMember(name, 'use');
  requireMember(name, 'family');
  if (touches(name, 'use')) {
    oneOf(value['use'], `${at}/use`, USES);
    if (was !== undefined) throw invalidUpdate('the use of an existing name cannot be changed - remove the name and add another');
  }
  if (touches(name, 'family')) textOfName(value['family'], `${at}/family`);
  if (touches(name, 'given')) setOrDrop(value, 'given', givenNames(value['given'], `${at}/given`));
  if (touches(name, 'prefix')) setOrDrop(value, 'prefix', titles(value['prefix'], `${at}/prefix`));
  if (touches(name, 'suffix')) setOrDrop(value, 'suffix', suffixes(value['suffix'], `${at}/suffix`));
  checkPeriod(name, moment);
  if (was === undefined && value['use'] === 'usual' && (value['period'] as JsonObject)['end'] !== undefined) {
    throw invalidUpdate('An end date can not be provided on usual name');
  }
}

function textOfName(value: unknown, at: string, longest = LONGEST_NAME): string {
  const text = textAt(value, at, { longest });
  if (!NAME_CHARACTERS.test(text)) throw unsupportedCharacters(text, at);
  return text;
}

/** The first given name may hold several words; in later ones each word is a name of its own. */
function givenNames(value: unknown, at: string): string[] {
  if (value === undefined) return [];
  const [first, ...later] = listAt(value, at, { max: MOST_GIVEN_NAMES }).map((name, index) => textOfName(name, `${at}/${index}`));
  if (first === undefined) return [];
  const names = [first, ...later.flatMap((name) => name.split(' ').filter((word) => word !== ''))];
  if (names.length > MOST_GIVEN_NAMES) throw tooManyValues(value, at);
  return names;
}

function titles(value: unknown, at: string): string[] {
  return filled(value, at)
    .map(({ text, place }) => {
      const title = textOfName(text, place)
        .trim()
        .replace(/[. ]+$/, '');
      return STANDARD_TITLES.find((standard) => standard.toLowerCase() === title.toLowerCase()) ?? title;
    })
    .filter((title) => title !== '');
}

function suffixes(value: unknown, at: string): string[] {
  return filled(value, at).map(({ text, place }) => {
    const suffix = textOfName(text, place);
    if (!/^[A-Z]/.test(suffix)) throw invalidValue(suffix, place);
    return suffix;
  });
}

/** The texts of a list that are not empty, each with its place; empty ones are accepted and dropped. */
function filled(value: unknown, at: string): { text: unknown; place: string }[] {
  if (value === undefined) return [];
  return listAt(value, at)
    .map((text, index) => ({ text, place: `${at}/${index}` }))
    .filter(({ text }) => typeof text !== 'string' || text.trim() !== '');
}

/** FHIR knows no empty lists: a list without items is no member at all. */
function setOrDrop(value: JsonObject, member: string, items: string[]): void {
  if (items.length > 0) value[member] = items;
  else Reflect.deleteProperty(value, member);
}
