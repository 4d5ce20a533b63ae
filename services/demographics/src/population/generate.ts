import { EXTENSION_URLS, nhsNumberFrom, type Address, type Coding, type ContactPoint, type Extension, type HumanName, type NhsNumber, type Patient } from '@carespine/fhir';
import { COMMUNITIES, type Community } from './names';
import { HOUSES, PLACES, STREETS, type Place } from './places';
import { Random } from './random';

/** The population is as it was on this day. */
const CENSUS_DAY = '2025-01-01';

/** Its NHS numbers start with 910 to 989; examples, tests and newly allocated numbers have the rest of the test ranges that start with 9. */
const FIRST_EIGHT_DIGITS = 91_000_000;
/** One number in eleven has no check digit; nine of any ten in a row always do, so that nine are taken of each. */
const NUMBERS_OF_TEN = 9;
export const LARGEST_POPULATION = (99_000_000 - FIRST_EIGHT_DIGITS) * NUMBERS_OF_TEN;

/** The NHS number of the generated person with this index; numbers rise with the index. */
export function nhsNumberOf(index: number): NhsNumber {
  const eightDigits = String(FIRST_EIGHT_DIGITS + Math.floor(index / NUMBERS_OF_TEN));
  let left = index % NUMBERS_OF_TEN;
  for (let last = 0; ; last++) {
    const number = nhsNumberFrom(eightDigits + last);
    if (number && left-- === 0) return number;
  }
}

/**
 * What is out of the ordinary, by the last three digits of a person's index: the same in every thousand, so that any
 * population has some of each and a tester knows where.
 */
export const SLOTS = {
  /** Merged into the person before. */
  superseded: new Set([101, 301, 501, 701, 901]),
  /** The person before is the first of the twins. */
  secondTwin: new Set([11, 201, 401, 601, 801]),
  restricted: new Set([150, 350, 550, 750, 950]),
  veryRestricted: new Set([160]),
  invalidated: new Set([170, 670]),
  deceasedFormal: slots((slot) => slot % 40 === 5),
  deceasedInformal: slots((slot) => slot % 200 === 7),
  removed: slots((slot) => slot % 50 === 9),
  temporaryAddress: slots((slot) => slot % 100 === 21),
  recordSharingConsent: slots((slot) => slot % 100 === 31),
  blankAddressLine: slots((slot) => slot % 25 === 3),
  birthMonthOnly: new Set([333]),
  birthYearOnly: new Set([777]),
};

function slots(isOne: (slot: number) => boolean): Set<number> {
  return new Set(Array.from({ length: 1000 }, (_, slot) => slot).filter(isOne));
}

/**
 * One made-up person. The same seed and index give the same person on every machine, whatever else is generated.
 * Parts may be shared between people: treat them as frozen.
 *
 * @param seed a 32-bit whole number
 * @param index 0 to {@link LARGEST_POPULATION} - 1
 */
export function generate(seed: number, index: number): Patient {
  const slot = index % 1000;
  if (SLOTS.superseded.has(slot)) return merged(generate(seed, index - 1), nhsNumberOf(index), nhsNumberOf(index - 1));
  const isSecondTwin = SLOTS.secondTwin.has(slot);
  const isTwin = isSecondTwin || SLOTS.secondTwin.has(slot + 1);
  return new Person(seed, index, slot, isSecondTwin ? index - 1 : index, isTwin ? (isSecondTwin ? 2 : 1) : undefined).patient();
}

/** The record that lost in a merge: the same person with fewer details. */
function merged(retained: Patient, nhsNumber: NhsNumber, retainedNumber: NhsNumber): Patient {
  const usual = retained.name![0]!;
  return {
    ...record(nhsNumber, '2', 'U'),
    name: [{ ...usual, given: usual.given!.slice(0, 1) }],
    gender: retained.gender,
    birthDate: retained.birthDate,
    address: retained.address!.slice(0, 1),
    link: [{ type: 'replaced-by', other: { type: 'Patient', identifier: { system: NHS_NUMBER_SYSTEM, value: retainedNumber } } }],
  };
}

class Person {
  private readonly random: Random;
  private readonly community: Community;
  private readonly family: string;
  private readonly place: Place;
  private readonly born: number;
  private readonly birthDate: string;
  private readonly home: Address;
  private readonly practice: string;
  private readonly isFemale: boolean;

  constructor(
    seed: number,
    private readonly index: number,
    private readonly slot: number,
    household: number,
    private readonly birthOrder: number | undefined,
  ) {
    const shared = new Random(seed, household * 2);
    this.random = new Random(seed, index * 2 + 1);
    this.community = communityOf(shared);
    this.family = familyName(shared, this.community);
    this.place = PLACES.pick(shared);
    this.born = birthDay(shared, this.isDeceased);
    this.birthDate = DAYS[this.born]!;
    this.home = homeAddress(shared, this.place, this.later(shared, this.born), SLOTS.blankAddressLine.has(slot));
    this.practice = practiceOf(shared, this.place);
    this.isFemale = this.random.chance(0.51);
  }

  patient(): Patient {
    const { random, slot } = this;
    const hasLeft = this.isDeceased || SLOTS.removed.has(slot);
    const adult = this.born < TODAY - 18 * 365;
    const label = SLOTS.restricted.has(slot) ? 'R' : SLOTS.veryRestricted.has(slot) ? 'V' : SLOTS.invalidated.has(slot) ? 'REDACTED' : 'U';
    const patient = record(nhsNumberOf(this.index), String(1 + random.below(5)), label);
    patient.name = this.names(adult);
    patient.gender = random.chance(0.002) ? 'unknown' : this.isFemale ? 'female' : 'male';
    const known = SLOTS.birthMonthOnly.has(slot) ? 7 : SLOTS.birthYearOnly.has(slot) ? 4 : 10;
    patient.birthDate = this.birthDate.slice(0, known);
    if (this.birthOrder) patient.multipleBirthInteger = this.birthOrder;
    const died = this.isDeceased ? DAYS[this.diedOn()]! : undefined;
    if (died) patient.deceasedDateTime = `${died}T00:00:00+00:00`;
    patient.address = this.addresses();
    const telecom = this.telecom(patient.name[0]!, adult);
    if (telecom.length > 0) patient.telecom = telecom;
    if (random.chance(0.1)) patient.contact = [emergencyContact(random)];
    if (!hasLeft) {
      patient.generalPractitioner = [{ id: random.objectId(), type: 'Organization', identifier: organization(this.practice, this.home.period!.start!) }];
    }
    const extension = this.extensions(died, hasLeft);
    if (extension.length > 0) patient.extension = extension;
    return patient;
  }

  private get isDeceased(): boolean {
    return SLOTS.deceasedFormal.has(this.slot) || SLOTS.deceasedInformal.has(this.slot);
  }

  private diedOn(): number {
    return Math.max(this.born, TODAY - 1 - (this.index % 3000));
  }

  private names(adult: boolean): HumanName[] {
    const { random, community, isFemale, birthDate } = this;
    const isOlder = this.born < BORN_1965;
    const names = isFemale ? ((isOlder && community.olderFemale) || community.female) : (isOlder && community.olderMale) || community.male;
    const first = names.pick(random);
    const given = [first];
    const middles = random.below(10) < 6 ? 1 : random.below(10) < 2 ? 2 : 0;
    for (let i = 0; i < middles; i++) given.push(names.pick(random));
    const title = this.title(adult);
    const name: HumanName = { id: random.objectId(), use: 'usual', period: { start: birthDate }, given, family: this.family, ...(title && { prefix: [title] }) };
    if (random.chance(0.01)) name.suffix = [random.pick(['MBE', 'OBE', 'PhD', 'Jr'])];
    const all = [name];
    const changesName = adult && this.born < TODAY - 22 * 365 && random.chance(isFemale ? 0.3 : 0.03);
    if (changesName) {
      const changed = this.later(random, this.born + 20 * 365);
      name.period = { start: DAYS[changed]! };
      const former = { start: birthDate, end: DAYS[changed - 1]! };
      all.push({ id: random.objectId(), use: isFemale ? 'maiden' : 'old', period: former, given, family: familyName(random, community) });
    }
    if (first.length > 5 && random.chance(0.03)) {
      all.push({ id: random.objectId(), use: 'nickname', period: { start: birthDate }, given: [first.slice(0, 4)], family: this.family });
    }
    return all;
  }

  private title(adult: boolean): string | undefined {
    if (!adult) return undefined;
    if (this.random.chance(0.02)) return this.random.pick(['Dr', 'Rev', 'Prof']);
    return this.isFemale ? this.random.pick(['Mrs', 'Mrs', 'Ms', 'Miss']) : 'Mr';
  }

  private addresses(): Address[] {
    const { random, home } = this;
    const all = [home];
    const since = DAY_OF.get(home.period!.start!)!;
    if (since > this.born + 365 && random.chance(0.35)) {
      const previous = homeAddress(random, random.chance(0.7) ? this.place : PLACES.pick(random), this.born, false);
      all.push({ ...previous, period: { start: this.birthDate, end: DAYS[since - 1]! } });
    }
    if (SLOTS.temporaryAddress.has(this.slot)) {
      const elsewhere = homeAddress(random, PLACES.pick(random), this.born, false);
      all.push({ ...elsewhere, use: 'temp', text: 'Student Accommodation', period: { start: '2024-09-16', end: '2027-09-30' } });
    }
    return all;
  }

  private telecom({ given, family }: HumanName, adult: boolean): ContactPoint[] {
    const { random } = this;
    const all: ContactPoint[] = [];
    const period = { start: DAYS[Math.max(this.born, TODAY - 3650 + random.below(3600))]! };
    const digits = () => String(random.below(1000)).padStart(3, '0');
    if (random.chance(0.45)) all.push({ id: random.objectId(), period, system: 'phone', value: this.place.phone + digits(), use: 'home' });
    if (adult && random.chance(0.75)) all.push({ id: random.objectId(), period, system: 'phone', value: `07700900${digits()}`, use: 'mobile' });
    if (adult && random.chance(0.5)) {
      const who = `${asciiLetters(given![0]!)}.${asciiLetters(family!)}`;
      const value = `${who}${random.below(10_000)}@${random.pick(['example.com', 'example.net', 'example.org'])}`;
      all.push({ id: random.objectId(), period, system: 'email', value, use: 'home' });
      if (random.chance(0.08)) {
        const ended = { start: DAYS[Math.max(this.born, TODAY - 7300)]!, end: DAYS[Math.max(this.born, TODAY - 3651)]! };
        all.push({ id: random.objectId(), period: ended, system: 'email', value: `${who}@example.org`, use: 'home' });
      }
    }
    if (random.chance(0.003)) {
      const kind = coding('https://fhir.hl7.org.uk/CodeSystem/UKCore-OtherContactSystem', 'textphone', 'Minicom (Textphone)');
      const extension = [{ url: EXTENSION_URLS.otherContactSystem, valueCoding: kind }];
      all.push({ id: random.objectId(), period, system: 'other', value: this.place.phone + digits(), use: 'home', extension });
    }
    return all;
  }

  private extensions(died: string | undefined, hasLeft: boolean): Extension[] {
    const { random, slot, community } = this;
    const all: Extension[] = [];
    if (!hasLeft && random.chance(0.3)) all.push(pharmacy(EXTENSION_URLS.nominatedPharmacy, `F${letters(random, 2)}${10 + random.below(90)}`));
    if (!hasLeft && random.chance(0.02)) all.push(pharmacy(EXTENSION_URLS.dispensingDoctor, this.practice));
    if (!hasLeft && random.chance(0.01)) all.push(pharmacy(EXTENSION_URLS.applianceSupplier, `F${letters(random, 2)}${10 + random.below(90)}`));
    if (died) all.push(deathNotification(died, SLOTS.deceasedFormal.has(slot)));
    if (random.chance(community.share > 0.5 ? 0.005 : 0.2)) all.push(communication(random, community));
    if (random.chance(0.03)) all.push(contactPreference(random));
    if (random.chance(0.15)) {
      const valueAddress = { city: this.place.town, district: this.place.county, country: 'GBR' };
      all.push({ url: EXTENSION_URLS.birthPlace, valueAddress });
    }
    if (hasLeft) all.push(removal(died ? DEATH : REMOVALS[Math.floor(this.index / 50) % REMOVALS.length]!, died ?? DAYS[this.later(random, this.born)]!));
    if (SLOTS.recordSharingConsent.has(slot)) all.push(random.chance(0.5) ? CONSENT : DISSENT);
    return all;
  }

  /** A day after the given one and before the census. */
  private later(random: Random, day: number): number {
    return day + 1 + random.below(Math.max(1, TODAY - day - 1));
  }
}

const NHS_NUMBER_SYSTEM = 'https://fhir.nhs.uk/Id/nhs-number';
const CONFIDENTIALITY = { U: 'unrestricted', R: 'restricted', V: 'very restricted', REDACTED: 'redacted' };
const VERIFIED: Extension[] = [
  {
    url: EXTENSION_URLS.verificationStatus,
    valueCodeableConcept: {
      coding: [
        {
          system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus',
          version: '1.0.0',
          code: '01',
          display: 'Number present and verified',
        },
      ],
    },
  },
];

function record(nhsNumber: NhsNumber, versionId: string, label: keyof typeof CONFIDENTIALITY): Patient {
  return {
    resourceType: 'Patient',
    id: nhsNumber,
    identifier: [{ system: NHS_NUMBER_SYSTEM, value: nhsNumber, extension: VERIFIED }],
    meta: {
      versionId,
      security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: label, display: CONFIDENTIALITY[label] }],
    },
  };
}

/** Every day from 1905 to the census as a FHIR date, and back. */
const DAYS: string[] = [];
for (let day = Date.UTC(1905, 0, 1); DAYS.at(-1) !== CENSUS_DAY; day += 86_400_000) DAYS.push(new Date(day).toISOString().slice(0, 10));
const DAY_OF = new Map(DAYS.map((date, day) => [date, day]));
const TODAY = DAYS.length - 1;
const BORN_1965 = DAY_OF.get('1965-01-01')!;

/** Ages roughly as in the census: even up to 60, then fewer and fewer up to 105. */
function birthDay(random: Random, isDeceased: boolean): number {
  const isOld = isDeceased || random.chance(0.24);
  const years = isOld ? 60 + 45 * (random.next() / 4294967296) ** 2 : (60 * random.next()) / 4294967296;
  return TODAY - 1 - Math.floor(years * 365.25);
}

function communityOf(random: Random): Community {
  let left = random.next() / 4294967296;
  return COMMUNITIES.find(({ share }) => (left -= share) < 0) ?? COMMUNITIES[0]!;
}

function familyName(random: Random, { family }: Community): string {
  const name = family.pick(random);
  return random.chance(0.02) ? `${name}-${family.pick(random)}` : name;
}

const HOUSE_NUMBERS = 160;
const INWARD_LETTERS = 'ABDEFGHJLNPQRSTUWXYZ';

/** Lines as the service writes them: premises, street, locality, post town, county. */
function homeAddress(random: Random, place: Place, since: number, withoutPremises: boolean): Address {
  const street = STREETS.pick(random);
  const number = 1 + random.below(HOUSE_NUMBERS);
  const kind = random.below(20);
  const premises = withoutPremises ? '' : kind === 0 ? random.pick(HOUSES) : kind < 4 ? `Flat ${1 + random.below(30)}` : String(number);
  const line = [premises, withoutPremises || kind < 4 ? `${number} ${street}` : street, random.pick(place.localities), place.town, place.county];
  const postalCode = `${random.pick(place.outward)} ${random.below(10)}${INWARD_LETTERS[random.below(20)]}${INWARD_LETTERS[random.below(20)]}`;
  const address: Address = { id: random.objectId(), period: { start: DAYS[since]! }, use: 'home', line, postalCode };
  if (random.chance(0.25)) address.extension = [addressKey('UPRN', `100${String(random.next()).padStart(9, '0').slice(0, 9)}`)];
  return address;
}

function addressKey(code: 'PAF' | 'UPRN', valueString: string): Extension {
  const valueCoding = { system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-AddressKeyType', code };
  return { url: EXTENSION_URLS.addressKey, extension: [{ url: 'type', valueCoding }, { url: 'value', valueString }] }; // prettier-ignore
}

/** Forty practices a town, coded as practices of England are: a letter and five digits. */
function practiceOf(random: Random, { town, outward }: Place): string {
  const where = town.length * 31 + town.charCodeAt(0) * 7 + town.charCodeAt(1) * 3 + outward.length;
  return `${'ABCDEFGHJKLMNPY'[where % 15]}${81000 + (where % 180) * 40 + random.below(40)}`;
}

function organization(value: string, start: string) {
  return { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value, period: { start } };
}

function pharmacy(url: string, value: string): Extension {
  return { url, valueReference: { identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value } } };
}

function coding(system: string, code: string, display: string): Coding {
  return { system, code, display };
}

function emergencyContact(random: Random) {
  return {
    id: random.objectId(),
    period: { start: '2022-04-01' },
    relationship: [{ coding: [coding('http://terminology.hl7.org/CodeSystem/v2-0131', 'C', 'Emergency Contact')] }],
    telecom: [{ system: 'phone' as const, value: `07700900${String(random.below(1000)).padStart(3, '0')}` }],
  };
}

function deathNotification(died: string, isFormal: boolean): Extension {
  const status: Coding = {
    system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus',
    version: '1.0.0',
    ...(isFormal
      ? { code: '2', display: 'Formal - death notice received from Registrar of Deaths' }
      : { code: '1', display: 'Informal - death notice received via an update from a local NHS Organisation such as GP or Trust' }),
  };
  return {
    url: EXTENSION_URLS.deathNotification,
    extension: [
      { url: 'deathNotificationStatus', valueCodeableConcept: { coding: [status] } },
      { url: 'systemEffectiveDate', valueDateTime: `${died}T00:00:00+00:00` },
    ],
  };
}

function communication(random: Random, { languages }: Community): Extension {
  const { code, display } = random.pick(languages);
  return {
    url: EXTENSION_URLS.communication,
    extension: [
      {
        url: 'language',
        valueCodeableConcept: { coding: [{ system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-HumanLanguage', version: '1.0.0', code, display }] },
      },
      { url: 'interpreterRequired', valueBoolean: random.chance(0.6) },
    ],
  };
}

const FORMATS = [coding('', '11', 'Large print'), coding('', '12', 'Braille'), coding('', '13', 'Audio tape')];
const METHODS = [coding('', '1', 'Letter'), coding('', '3', 'Telephone'), coding('', '4', 'E-mail'), coding('', '5', 'Minicom (Textphone)')];

function contactPreference(random: Random): Extension {
  const format = { ...random.pick(FORMATS), system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-PreferredWrittenCommunicationFormat' };
  const method = { ...random.pick(METHODS), system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-PreferredContactMethod' };
  return {
    url: EXTENSION_URLS.contactPreference,
    extension: [
      { url: 'PreferredWrittenCommunicationFormat', valueCodeableConcept: { coding: [format] } },
      { url: 'PreferredContactMethod', valueCodeableConcept: { coding: [method] } },
      { url: 'PreferredContactTimes', valueString: random.pick(['Not after 7pm', 'Mornings', 'Weekdays after 5pm']) },
    ],
  };
}

const REMOVAL_SYSTEM = 'https://fhir.nhs.uk/CodeSystem/PDS-RemovalReasonExitCode';
const DEATH = coding(REMOVAL_SYSTEM, 'DEA', 'Death');
const REMOVALS = [
  coding(REMOVAL_SYSTEM, 'EMB', 'Embarkation'),
  coding(REMOVAL_SYSTEM, 'SCT', 'Transferred to Scotland'),
  coding(REMOVAL_SYSTEM, 'NIT', 'Transferred to Northern Ireland'),
  coding(REMOVAL_SYSTEM, 'TRA', 'Temporary resident not returned'),
  coding(REMOVAL_SYSTEM, 'ORR', 'Other reason'),
  coding(REMOVAL_SYSTEM, 'AFN', 'Armed Forces (notified by Armed Forces)'),
  coding(REMOVAL_SYSTEM, 'SDN', 'Services dependant (notified by SMO)'),
  coding(REMOVAL_SYSTEM, 'LDN', 'Logical deletion'),
];

function removal(reason: Coding, day: string): Extension {
  return {
    url: EXTENSION_URLS.removal,
    extension: [
      { url: 'removalFromRegistrationCode', valueCodeableConcept: { coding: [reason] } },
      { url: 'effectiveTime', valuePeriod: { start: `${day}T00:00:00+00:00` } },
    ],
  };
}

const consent = (code: string, display: string): Extension => ({
  url: EXTENSION_URLS.recordSharingConsent,
  extension: [
    { url: 'consentType', valueCodeableConcept: { coding: [{ code: '4', display: 'ncrs' }] } },
    { url: 'consentValue', valueCodeableConcept: { coding: [{ code, display }] } },
  ],
});
const CONSENT = consent('1', 'consent');
const DISSENT = consent('2', 'dissent');

function letters(random: Random, count: number): string {
  let text = '';
  for (let i = 0; i < count; i++) text += INWARD_LETTERS[random.below(20)];
  return text;
}

const UNADORNED: Record<string, string> = { ł: 'l', ø: 'o', ı: 'i', ß: 'ss' };

/** For an e-mail address: letters a to z alone. */
function asciiLetters(name: string): string {
  const lower = name.toLowerCase();
  if (/^[a-z]+$/.test(lower)) return lower;
  return lower.normalize('NFD').replace(/[łøıß]/g, (letter) => UNADORNED[letter]!).replace(/[^a-z]/g, '');
}
