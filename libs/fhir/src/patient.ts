import type { CalendarDate } from './calendar-date';

export interface Coding {
  system?: string;
  version?: string;
  code?: string;
  display?: string;
}
export interface CodeableConcept {
  coding?: Coding[];
  text?: string;
}
/** Both ends inclusive; demographics periods are whole days. */
export interface Period {
  start?: string;
  end?: string;
}
export interface Extension {
  url: string;
  extension?: Extension[];
  valueCodeableConcept?: CodeableConcept;
  valueCoding?: Coding;
  valueReference?: Reference;
  valueAddress?: Address;
  valuePeriod?: Period;
  valueString?: string;
  valueBoolean?: boolean;
  valueDateTime?: string;
  valuePositiveInt?: number;
}
export interface Identifier {
  id?: string;
  extension?: Extension[];
  use?: string;
  system?: string;
  value?: string;
  period?: Period;
}
export interface Reference {
  id?: string;
  reference?: string;
  type?: string;
  identifier?: Identifier;
  display?: string;
}
export interface HumanName {
  id?: string;
  use?: 'usual' | 'nickname' | 'temp' | 'old' | 'maiden' | 'official' | 'anonymous';
  family?: string;
  given?: string[];
  prefix?: string[];
  suffix?: string[];
  period?: Period;
}
export interface Address {
  id?: string;
  use?: 'home' | 'temp' | 'billing' | 'work' | 'old';
  text?: string;
  line?: string[];
  city?: string;
  district?: string;
  postalCode?: string;
  country?: string;
  period?: Period;
  extension?: Extension[];
}
export interface ContactPoint {
  id?: string;
  system?: 'phone' | 'fax' | 'email' | 'other' | 'pager' | 'url' | 'sms';
  use?: 'home' | 'work' | 'temp' | 'mobile' | 'old';
  value?: string;
  period?: Period;
  extension?: Extension[];
}
export interface PatientContact {
  id?: string;
  relationship?: CodeableConcept[];
  telecom?: ContactPoint[];
  period?: Period;
}
export interface PatientLink {
  other: Reference;
  type: 'replaced-by' | 'replaces' | 'refer' | 'seealso';
}

/** The Personal Demographics Service's Patient: one identifier, list items with object ids. */
export interface Patient {
  resourceType: 'Patient';
  id: string;
  identifier?: Identifier[];
  meta?: { versionId?: string; lastUpdated?: string; security?: Coding[] };
  extension?: Extension[];
  name?: HumanName[];
  telecom?: ContactPoint[];
  gender?: 'male' | 'female' | 'other' | 'unknown';
  birthDate?: CalendarDate;
  deceasedDateTime?: string;
  address?: Address[];
  multipleBirthInteger?: number;
  contact?: PatientContact[];
  generalPractitioner?: Reference[];
  managingOrganization?: Reference;
  link?: PatientLink[];
}

export interface RelatedPerson {
  resourceType: 'RelatedPerson';
  id: string;
  patient: { identifier?: Identifier };
  active?: boolean;
  period?: Period;
  name?: HumanName[];
  address?: Address[];
  telecom?: ContactPoint[];
  relationship?: CodeableConcept[];
  extension?: Extension[];
}
