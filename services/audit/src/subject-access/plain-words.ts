import { Interaction, type AccessRecorded } from '@carespine/contracts';
import { OUTCOME_CODES } from '../accesses/access-store';
import type { Rule } from '../alerts/rules';
import type { AlertOutcome } from '../alerts/alert';

/** Records, as a person would call them. */
const THINGS: Record<string, string> = {
  Patient: 'your personal details (name, address, date of birth, contact details)',
  RelatedPerson: 'the list of people who are related to you',
  DocumentReference: 'the list of documents about you',
  Bundle: 'your Summary Care Record',
  Flag: 'a flag on your record',
  Condition: 'a condition on your record',
  CarePlan: 'a care plan',
  Consent: 'what you have said about sharing your record',
  ServiceRequest: 'a referral',
  AllergyIntolerance: 'your allergies',
  MedicationRequest: 'your medicines',
};

const VERBS: Partial<Record<Interaction, string>> = {
  [Interaction.READ]: 'Opened',
  [Interaction.VREAD]: 'Opened an earlier version of',
  [Interaction.SEARCH_TYPE]: 'Searched, and found',
  [Interaction.CREATE]: 'Added',
  [Interaction.UPDATE]: 'Changed',
  [Interaction.PATCH]: 'Changed',
  [Interaction.DELETE]: 'Removed',
  [Interaction.EXPORT]: 'Copied to a file',
  [Interaction.IMPORT]: 'Loaded from a file',
  [Interaction.PRINT]: 'Printed',
};

/** What was opened or done. */
export function whatOf({ service, interaction, interactionName, resourceType }: AccessRecorded): string {
  const name = interactionName && ` (${interactionName})`;
  if (service === 'audit') return `Worked with the list of who looked at your record${name}`;
  const verb = VERBS[interaction] ?? 'Used';
  if (interaction === Interaction.SEARCH_TYPE && resourceType === 'Patient') return `Searched for a patient, and found you${name}`;
  return `${verb} ${THINGS[resourceType] ?? 'a part of your record'}${name}`;
}

const PURPOSES: Record<string, string> = {
  TREAT: 'To give you care.',
  ETREAT: 'To give you care in an emergency.',
  BTG: 'In an emergency, without the permission that is usually needed.',
  PATRQT: 'Because you asked.',
  HOPERAT: 'To run the service, for example to check that records are used properly.',
  HSYSADMIN: 'To keep the computer system working.',
};

const PERMISSIONS: Record<string, string> = {
  yes: 'You were asked, and said yes.',
  extended: 'You had said yes for a longer time.',
  emergency: 'You could not be asked: it was an emergency.',
  legal: 'You were not asked: the law, a court or the public interest required it.',
};

/** The reason that was given. @param withNote whether what the user wrote is shown, which may speak of others */
export function whyOf({ purpose, relationship, permissionToView, note }: AccessRecorded, withNote: boolean): string {
  return [
    PURPOSES[purpose] ?? 'No reason was recorded.',
    relationship === 'self-claimed' ? 'The person said that they were caring for you.' : relationship && `Known to care for you by: ${relationship}.`,
    PERMISSIONS[permissionToView] ?? '',
    note && withNote ? `They wrote: “${note}”` : '',
  ]
    .filter(Boolean)
    .join(' ');
}

const OUTCOMES: Record<number, string> = { 0: 'Done', 4: 'Refused: nothing was shown', 8: 'Failed', 12: 'Failed' };

export const outcomeOf = ({ outcome }: AccessRecorded): string => OUTCOMES[OUTCOME_CODES[outcome]] ?? '';

/** A privacy officer read an alert, or took a step on it. */
export const isWorkOnAlert = ({ service, interactionName }: AccessRecorded): boolean => service === 'audit' && /\balerts?\b/i.test(interactionName);

const ALERTS: Record<Rule, string> = {
  'national-type-1': 'A member of staff said that they were caring for you, and the system could not confirm it by itself.',
  'national-type-2': 'Your record was opened without your permission, for an emergency or a legal reason.',
  'own-record': 'The record was opened by the person whom it is about.',
  'same-household': 'Your record was opened by somebody with your surname and address.',
  'staff-record': 'The record of a member of staff was opened.',
  'restricted-patient': 'A record with a hidden address was opened.',
  'deceased-patient': 'The record of somebody who has died was opened.',
  'many-patients': 'A member of staff opened many records in a short time; yours was one of them.',
  'outside-hours': 'Your record was opened outside opening hours.',
  'search-trawling': 'A member of staff searched for many patients; you were one of them.',
  'repeated-emergency': 'A member of staff opened several records as emergencies; yours was one of them.',
  'safeguarding-without-contact': 'Information about your safety was opened, and no contact with you followed.',
  'ended-role': 'Your record was opened in a job that had ended.',
  'export-or-print': 'Information about you was copied to a file or printed.',
  'refusal-burst': 'A member of staff tried several times to open records without permission.',
  'new-network': 'A computer system was used from a new place.',
};

const ALERT_OUTCOMES: Record<AlertOutcome, string> = {
  appropriate: 'It was checked, and was appropriate.',
  inappropriate: 'It was checked, and was not appropriate. Action was taken.',
  'needs-action-elsewhere': 'It was checked, and passed on to others who have to act.',
  duplicate: 'It was the same as another alert in this list, or closed before.',
};

/** @param reason of the alert: national alerts of one type are raised for several */
export const alertInWords = (rule: Rule, reason: string): string =>
  rule === 'national-type-1' && reason === 'Viewed in a community pharmacy' ? 'Your record was opened in a community pharmacy. Each time is noted, so that it can be checked.' : ALERTS[rule];

export const alertOutcomeInWords = (outcome: AlertOutcome | null): string => (outcome ? ALERT_OUTCOMES[outcome] : 'It is still being looked into.');

export const TERMS: readonly (readonly [term: string, meaning: string])[] = [
  ['Access', 'Each time somebody, or a computer system, opened, searched for, changed or tried to open information about you.'],
  ['Alert', 'A note that the system makes by itself when an access should be checked by a privacy officer. Most turn out to be appropriate.'],
  ['Caldicott Guardian', 'The senior person in each organisation who is responsible for keeping patients’ information confidential.'],
  ['Privacy officer', 'The person in each organisation who checks who looked at records.'],
  ['Organisation', 'The hospital, practice, pharmacy or other service for which the person worked. All organisations that used the shared record are listed.'],
  ['System', 'The computer program that was used. Some programs act without a person, for example to update your address everywhere.'],
  ['Refused', 'Somebody tried to open information, and the system did not allow it.'],
];

export const COMPLAIN: readonly string[] = [
  'If you think that somebody looked at your record who should not have, or if something is missing here, tell the organisation that gave you this document. Ask for its privacy officer, its data protection officer or its Caldicott Guardian.',
  'You can also complain to the Information Commissioner’s Office (ICO), which watches over the use of personal information: ico.org.uk/make-a-complaint, telephone 0303 123 1113, Wycliffe House, Water Lane, Wilmslow, Cheshire SK9 5AF. You can go to court as well.',
  'It costs nothing to ask for this document or to complain.',
];

/** @param isPartial said in the same words whatever it is: the kind or the number could tell what must not be told */
export const leftOutInWords = (isPartial: boolean): string =>
  isPartial ? 'Some information is left out, as the law allows (Data Protection Act 2018, Schedules 2 and 3).' : 'Nothing is left out.';
