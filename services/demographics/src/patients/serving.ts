import { EXTENSION_URLS, type Address, type Coding, type Extension, type HumanName, type Patient, type RelatedPerson } from '@carespine/fhir';
import { isPreviousAddress, isPreviousName, isReplacedTelecom } from './current';

/** What a caller may see beyond the ordinary. */
export interface View {
  /** Location data of a restricted (R) record, on retrieval: privileged applications and users who may read restricted records. */
  locationOfRestricted: boolean;
  /** Blank address lines as nulls with a data-absent extension, in place of being dropped. */
  emptyAddressLines: boolean;
  /** Confidential reasons for removal from registration as they are. */
  confidentialRemovalReasons: boolean;
  /** Consent to share the record. */
  recordSharingConsent: boolean;
}

export const ORDINARY_VIEW: View = {
  locationOfRestricted: false,
  emptyAddressLines: false,
  confidentialRemovalReasons: false,
  recordSharingConsent: false,
};

export type Confidentiality = 'U' | 'R' | 'V';

/** U, R or V; an invalid record (REDACTED) and a label we do not know count as V. */
export function confidentialityOf({ meta }: Patient): Confidentiality {
  const code = meta?.security?.[0]?.code ?? 'U';
  return code === 'U' || code === 'R' ? code : 'V';
}

const { nominatedPharmacy, dispensingDoctor, applianceSupplier, birthPlace } = EXTENSION_URLS;
const { deathNotification, communication, contactPreference, removal } = EXTENSION_URLS;

/** Elements of the profile; whatever else a record holds (its link, data of an import) stays inside. */
const ELEMENTS = new Set([
  'resourceType', 'id', 'identifier', 'meta', 'name', 'gender', 'birthDate', 'multipleBirthInteger', 'deceasedDateTime', 'address',
  'telecom', 'contact', 'generalPractitioner', 'managingOrganization', 'extension',
]); // prettier-ignore
const EXTENSIONS = new Set<string>([
  nominatedPharmacy, dispensingDoctor, applianceSupplier, birthPlace, deathNotification, communication, contactPreference,
]); // prettier-ignore

const LOCATION = ['address', 'telecom', 'contact', 'generalPractitioner', 'managingOrganization'];
const LOCATION_EXTENSIONS = new Set<string>([nominatedPharmacy, dispensingDoctor, applianceSupplier, birthPlace]);
const HIDDEN_OF = { U: new Set<string>(), R: new Set(LOCATION), V: new Set([...LOCATION, 'name', 'birthDate']) };

/**
 * A record as its caller may see it on retrieval. Returns the very record where nothing differs.
 *
 * @see Personal Demographics Service FHIR API: confidentiality labels, removal reasons, application opt-ins
 */
export function serve(record: Patient, view: View): Patient {
  const confidentiality = confidentialityOf(record);
  const isLocationHidden = confidentiality === 'V' || (confidentiality === 'R' && !view.locationOfRestricted);
  const hidden = HIDDEN_OF[isLocationHidden ? confidentiality : 'U'];
  return mapElements(record, (element, value) => {
    if (!ELEMENTS.has(element) || hidden.has(element)) return undefined;
    switch (element) {
      case 'meta':
        return servedMeta(value as NonNullable<Patient['meta']>);
      case 'name':
        return mapKept(value as HumanName[], (name) => (name.use === 'official' || name.use === 'anonymous' ? undefined : name));
      case 'address':
        return mapKept(value as Address[], (address) => servedAddress(address, view));
      case 'extension':
        return mapKept(value as Extension[], (extension) =>
          isLocationHidden && LOCATION_EXTENSIONS.has(extension.url) ? undefined : servedExtension(extension, view),
        );
      default:
        return value;
    }
  });
}

const HIT_ELEMENTS = new Set([...ELEMENTS].filter((element) => element !== 'managingOrganization'));
const HIT_NAMES = new Set(['usual', 'nickname', 'temp']);

/**
 * A record as a search answers with it: current names, the home address, no location of a restricted record for anybody.
 *
 * @param today London calendar date
 */
export function searchHit(record: Patient, view: View, today: string): Patient {
  return mapElements(serve(record, { ...view, locationOfRestricted: false }), (element, value) => {
    if (!HIT_ELEMENTS.has(element)) return undefined;
    switch (element) {
      case 'name': {
        const names = value as HumanName[];
        return mapKept(names, (name) => (HIT_NAMES.has(name.use ?? '') && !isPreviousName(name, names, today) ? name : undefined));
      }
      case 'address': {
        const addresses = value as Address[];
        return mapKept(addresses, (address) => (address.use === 'home' && !isPreviousAddress(address, addresses, today) ? address : undefined));
      }
      case 'telecom': {
        const telecoms = value as NonNullable<Patient['telecom']>;
        return mapKept(telecoms, (telecom) => (isReplacedTelecom(telecom, telecoms, today) ? undefined : telecom));
      }
      case 'extension':
        return mapKept(value as Extension[], (extension) => (extension.url === deathNotification ? extension : undefined));
      default:
        return value;
    }
  });
}

/**
 * A related person as its caller may see them. Of a restricted patient nobody is shown: that is the caller's to refuse.
 *
 * @param referenced label of the person that the resource refers to by NHS number, U where it refers to none
 */
export function serveRelatedPerson(person: RelatedPerson, referenced: Confidentiality, view: View): RelatedPerson {
  const hidden = new Set(referenced === 'U' ? [] : referenced === 'R' ? ['address', 'telecom'] : ['address', 'telecom', 'name']);
  return mapElements(person, (element, value) => {
    if (hidden.has(element)) return undefined;
    return element === 'address' ? mapKept(value as Address[], (address) => servedAddress(address, view)) : value;
  });
}

function servedMeta(meta: NonNullable<Patient['meta']>): Patient['meta'] {
  return mapElements(meta, (element, value) => (element === 'versionId' || element === 'security' ? value : undefined));
}

const isBlank = (line: string) => line.trim() === '';

/** FHIR JSON keeps the place of an absent line by a null, with its reason at the same place of `_line`. */
function servedAddress(address: Address, view: View): Address {
  const lines = address.line;
  if (!lines?.some(isBlank)) return address;
  if (!view.emptyAddressLines) {
    const { line: _, ...rest } = address;
    const line = lines.filter((one) => !isBlank(one));
    return line.length > 0 ? { ...address, line } : rest;
  }
  const absent = { extension: [{ url: EXTENSION_URLS.dataAbsent, valueCode: 'unknown' }] };
  const withPlaces = {
    ...address,
    line: lines.map((line) => (isBlank(line) ? null : line)),
    _line: lines.map((line) => (isBlank(line) ? absent : null)),
  };
  return withPlaces as unknown as Address;
}

/** Everything that is not listed is confidential and shows as ORR; a logical deletion (LDN) does so for everybody. */
const OPEN_REMOVAL_REASONS = new Set(['DEA', 'EMB', 'SCT', 'NIT', 'TRA', 'ORR']);
const OPTED_IN_REMOVAL_REASONS = new Set(['AFN', 'SDN']);
const SERVED_CONSENTS = new Set(['1', '2']);

function servedExtension(extension: Extension, view: View): Extension | undefined {
  if (EXTENSIONS.has(extension.url)) return extension;
  if (extension.url === removal) return servedRemoval(extension, view);
  if (extension.url === EXTENSION_URLS.recordSharingConsent && view.recordSharingConsent) {
    return SERVED_CONSENTS.has(codeOf(extension, 'consentValue')?.code ?? '') ? extension : undefined;
  }
  return undefined;
}

function servedRemoval(extension: Extension, view: View): Extension {
  const reason = codeOf(extension, 'removalFromRegistrationCode');
  const code = reason?.code ?? '';
  if (OPEN_REMOVAL_REASONS.has(code) || (view.confidentialRemovalReasons && OPTED_IN_REMOVAL_REASONS.has(code))) return extension;
  const mask: Coding = { system: 'https://fhir.nhs.uk/CodeSystem/PDS-RemovalReasonExitCode', code: 'ORR', display: 'Other reason' };
  return {
    ...extension,
    extension: extension.extension?.map((part) =>
      part.url === 'removalFromRegistrationCode' ? { url: part.url, valueCodeableConcept: { coding: [mask] } } : part,
    ),
  };
}

function codeOf(extension: Extension, url: string): Coding | undefined {
  return extension.extension?.find((part) => part.url === url)?.valueCodeableConcept?.coding?.[0];
}

/** The same object where every element stays as it is, so that callers see by identity whether anything differs. */
function mapElements<T extends object>(whole: T, map: (element: string, value: unknown) => unknown): T {
  const elements = Object.keys(whole) as (keyof T & string)[];
  if (elements.every((element) => map(element, whole[element]) === whole[element])) return whole;
  const mapped: Record<string, unknown> = {};
  for (const element of elements) {
    const shown = map(element, whole[element]);
    if (shown !== undefined) mapped[element] = shown;
  }
  return mapped as T;
}

/** The same array where every item stays; undefined where none does, because FHIR has no empty arrays. */
function mapKept<T>(items: T[], map: (item: T) => T | undefined): T[] | undefined {
  let isSame = true;
  const kept: T[] = [];
  for (const item of items) {
    const shown = map(item);
    if (shown !== item) isSame = false;
    if (shown !== undefined) kept.push(shown);
  }
  if (kept.length === 0) return undefined;
  return isSame ? items : kept;
}
