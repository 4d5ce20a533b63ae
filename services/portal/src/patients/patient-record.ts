import { EXTENSION_URLS, type Address, type Extension, type HumanName, type Patient, type Period } from '@carespine/fhir';
import { londonDate } from '../pages/words';

export const extensionOf = (holder: { extension?: Extension[] } | undefined, url: string): Extension | undefined =>
  holder?.extension?.find((extension) => extension.url === url);

/** The code of a sub-extension, e.g. `language` of the communication extension. */
export function codeOf(extension: Extension | undefined, part: string): { code: string; display: string } {
  const coding = extensionOf(extension, part)?.valueCodeableConcept?.coding?.[0];
  return { code: coding?.code ?? '', display: coding?.display ?? coding?.code ?? '' };
}

/** U, R, V of v3-Confidentiality. A record without a label is taken as unrestricted, as the API defines it. */
export const confidentiality = (patient: Patient): string => patient.meta?.security?.[0]?.code ?? 'U';

/** Where the person lives, and how to reach them, must not be shown: R, V and every label we do not know. */
export const isRestricted = (patient: Patient): boolean => confidentiality(patient) !== 'U';

const hasEnded = (period: Period | undefined, today: string) => !!period?.end && period.end.slice(0, 10) < today;

/** Items in force; a period without an end holds on, and one that starts later is not left out: it is coming. */
export function currentOf<T extends { use?: string; period?: Period }>(items: readonly T[] | undefined, now: Date): T[] {
  const today = londonDate(now);
  return (items ?? []).filter((item) => item.use !== 'old' && !hasEnded(item.period, today));
}

/** Items no longer in force, latest first. */
export function previousOf<T extends { use?: string; period?: Period }>(items: readonly T[] | undefined, now: Date): T[] {
  const current = new Set(currentOf(items, now));
  return (items ?? []).filter((item) => !current.has(item)).toSorted((a, b) => (b.period?.end ?? '').localeCompare(a.period?.end ?? ''));
}

/** A record has exactly one usual name, which never ends. */
export const usualName = (patient: Patient): HumanName | undefined =>
  patient.name?.find((name) => name.use === 'usual') ?? patient.name?.[0];

/** The address in force of a kind; of several, the one that started last. */
export const addressOf = (patient: Patient, use: Address['use'], now: Date): Address | undefined =>
  currentOf(patient.address, now)
    .filter((address) => address.use === use)
    .toSorted((a, b) => (b.period?.start ?? '').localeCompare(a.period?.start ?? ''))[0];

/** Code of the death notification: 1 informal, 2 formal, '' none. */
export const deathStatus = (patient: Patient): string =>
  codeOf(extensionOf(patient, EXTENSION_URLS.deathNotification), 'deathNotificationStatus').code;

const LOCATION_EXTENSIONS: string[] = [
  EXTENSION_URLS.nominatedPharmacy,
  EXTENSION_URLS.dispensingDoctor,
  EXTENSION_URLS.applianceSupplier,
  EXTENSION_URLS.birthPlace,
];

/**
 * A record as it may be shown: of a restricted one, nothing that tells where the person is, even where the API sent it.
 *
 * @see demographics specification, "Redaction matrix"; for V also name, birth date
 */
export function shownRecord(patient: Patient): Patient {
  if (!isRestricted(patient)) return patient;
  const { address: _a, telecom: _t, contact: _c, generalPractitioner: _g, managingOrganization: _m, ...rest } = patient;
  const shown: Patient = { ...rest, extension: patient.extension?.filter(({ url }) => !LOCATION_EXTENSIONS.includes(url)) };
  if (confidentiality(patient) === 'R') return shown;
  const { name: _n, birthDate: _b, ...least } = shown;
  return least;
}
