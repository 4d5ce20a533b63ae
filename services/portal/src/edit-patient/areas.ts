import { correspondenceAddress, homeAddress, temporaryAddress } from './address-areas';
import type { Area } from './area';
import { communication, contactDetails, contactPreference, gpPractice } from './contact-areas';
import { birthDate, death, gender, name } from './identity-areas';

/** Everything that can be changed on a record, a page each. */
export const AREAS: readonly Area[] = [
  name,
  birthDate,
  gender,
  death,
  homeAddress,
  temporaryAddress,
  correspondenceAddress,
  contactDetails,
  gpPractice,
  communication,
  contactPreference,
];
