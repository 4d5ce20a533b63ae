import { missingValue } from '../faults';
import { COUNTRIES } from './codes';
import { allowMembers, elementIn, oneOf, requireMember, textAt, touches, type Element } from './element';

/**
 * City, district and coded country of birth; at least one.
 *
 * @see demographics specification, "Communication, contact preference, birth place"
 */
export function checkBirthPlace(birthPlace: Element): void {
  allowMembers(birthPlace, ['url', 'valueAddress']);
  requireMember(birthPlace, 'valueAddress');
  const address = elementIn(birthPlace, 'valueAddress');
  if (!address) return;
  const { value, at } = address;
  allowMembers(address, ['city', 'district', 'country']);
  if (Object.keys(value).length === 0) throw missingValue(at);
  for (const member of ['city', 'district']) {
    if (value[member] !== undefined && touches(address, member)) textAt(value[member], `${at}/${member}`);
  }
  if (value['country'] !== undefined && touches(address, 'country')) oneOf(value['country'], `${at}/country`, COUNTRIES);
}
