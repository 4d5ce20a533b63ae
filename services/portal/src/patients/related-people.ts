import { formatNhsNumber, type RelatedPerson } from '@carespine/fhir';
import { fullName } from '../pages/words';
import { relationshipName } from './code-lists';
import { addressLines, during } from './patient-view';

export interface RelatedPersonView {
  /** `Guardian, Mother`. */
  relationship: string;
  /** Empty when the person is known by number alone. */
  name: string;
  /** Of the person's own record. */
  nhsNumber?: string;
  lines: string[];
  notes: string[];
}

const tail = (url: string) => url.slice(url.lastIndexOf('-') + 1);

/**
 * A related person: either someone with an NHS number of their own, or details given by hand.
 *
 * @param subject NHS number of the patient, which the API repeats in details given by hand
 */
export function describeRelatedPerson(person: RelatedPerson, subject: string): RelatedPersonView {
  const number = person.patient.identifier?.value;
  const codings = (person.relationship ?? []).flatMap((concept) => concept.coding ?? []);
  const extension = (name: string) => person.extension?.find(({ url }) => tail(url) === name);
  const rank = extension('ContactRank')?.valuePositiveInt;
  const name = fullName(person.name?.[0]);
  return {
    relationship: [...new Set(codings.map((coding) => relationshipName(coding.code ?? '', coding.display)))].join(', ') || 'Related person',
    name: name || (number && number !== subject ? `NHS number ${formatNhsNumber(number)}` : 'Name not recorded'),
    ...(number && number !== subject && { nhsNumber: number }),
    lines: [...addressLines(person.address?.[0]), ...(person.telecom ?? []).flatMap(({ value }) => (value ? [value] : []))],
    notes: [
      rank ? `Contact number ${rank}` : '',
      extension('CopyCorrespondenceIndicator')?.valueBoolean ? 'Gets copies of letters' : '',
      during(person.period).note ?? '',
    ].filter(Boolean),
  };
}
