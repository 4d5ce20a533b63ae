import type { BundleEntry, Patient } from '@carespine/fhir';
import { bannerName, dateInWords, GENDERS } from '../pages/words';
import { addressOf, isRestricted, shownRecord, usualName } from '../patients/patient-record';

export interface HitView {
  name: string;
  nhsNumber: string;
  born: string;
  gender: string;
  address: string;
  restricted: boolean;
  died: string;
  match: string;
}

/** One row of the results. Nothing of a restricted record says where the person is. */
export function describeHit({ resource, search }: BundleEntry<Patient>): HitView {
  const restricted = isRestricted(resource);
  const shown = shownRecord(resource);
  const home = addressOf(shown, 'home', new Date());
  const score = search?.score ?? 1;
  return {
    name: bannerName(usualName(shown)) || (restricted ? 'Name not shown' : 'Name not recorded'),
    nhsNumber: resource.id,
    born: dateInWords(shown.birthDate) || 'Not shown',
    gender: GENDERS[resource.gender ?? ''] ?? 'Not recorded',
    address: restricted
      ? 'Hidden: sensitive record'
      : [...(home?.line ?? []), home?.postalCode].filter(Boolean).join(', ') || 'Not recorded',
    restricted,
    died: dateInWords(resource.deceasedDateTime),
    match: score >= 1 ? 'Exact' : `${Math.floor(score * 100)}%`,
  };
}
