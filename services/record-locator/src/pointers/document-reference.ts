/** A pointer as FHIR R4 has it, after validation: what is required is there. Further elements are kept as they came. */
export interface DocumentReference {
  resourceType: 'DocumentReference';
  /** `<custodian's ODS code>-<anything>` */
  id: string;
  meta?: Meta;
  masterIdentifier?: Identifier;
  identifier?: Identifier[];
  status: 'current';
  docStatus?: string;
  type: CodeableConcept;
  category: CodeableConcept[];
  subject: { identifier: Identifier };
  /** Instant at which the pointer was made. */
  date: string;
  author: Reference[];
  custodian: { identifier: Identifier };
  relatesTo?: RelatesTo[];
  description?: string;
  content: Content[];
  context: Context;
}

export interface Meta {
  lastUpdated?: string;
  [element: string]: unknown;
}

export interface Coding {
  system?: string;
  code?: string;
  display?: string;
}

export interface CodeableConcept {
  coding?: Coding[];
  text?: string;
}

export interface Identifier {
  system?: string;
  value?: string;
}

export interface Reference {
  identifier?: Identifier;
  reference?: string;
  display?: string;
}

export interface RelatesTo {
  code: string;
  target: Reference;
}

export interface Content {
  attachment: Attachment;
  format: Coding;
  extension: Extension[];
}

export interface Attachment {
  contentType: string;
  url: string;
  title?: string;
  language?: string;
  size?: number;
  creation?: string;
}

export interface Extension {
  url: string;
  valueCodeableConcept?: CodeableConcept;
}

export interface Context {
  practiceSetting: CodeableConcept;
  related?: Reference[];
  [element: string]: unknown;
}
