import type { PrimitiveType } from './shape';

/** `[]` after a type: a list of it. `any`: what FHIR leaves open. */
export type ElementType = PrimitiveType | ComplexType | 'any';
export type ComplexType = keyof typeof SHAPES;

type Shape = Record<string, string>;
const shape = <S extends Shape>(elements: S): S => elements;

/**
 * Elements of a pointer and of the types within it.
 *
 * @see record locator specification, "Elements", and the schemas of the producer's API description
 */
export const SHAPES = {
  DocumentReference: shape({
    resourceType: 'documentReference',
    id: 'pointerId',
    meta: 'Meta',
    implicitRules: 'uri',
    language: 'code',
    text: 'Narrative',
    contained: 'any[]',
    extension: 'any[]',
    modifierExtension: 'any[]',
    masterIdentifier: 'Identifier',
    identifier: 'Identifier[]',
    status: 'current',
    docStatus: 'docStatus',
    type: 'CodeableConcept',
    category: 'CodeableConcept[]',
    subject: 'Reference',
    date: 'instant',
    author: 'Reference[]',
    authenticator: 'Reference',
    custodian: 'Reference',
    relatesTo: 'RelatesTo[]',
    description: 'string',
    securityLabel: 'CodeableConcept[]',
    content: 'Content[]',
    context: 'Context',
  }),
  Context: shape({
    id: 'id',
    encounter: 'Reference[]',
    event: 'CodeableConcept[]',
    period: 'Period',
    facilityType: 'CodeableConcept',
    practiceSetting: 'CodeableConcept',
    sourcePatientInfo: 'Reference',
    related: 'Reference[]',
  }),
  Content: shape({ id: 'id', attachment: 'Attachment', format: 'Coding', extension: 'Extension[]' }),
  Attachment: shape({
    id: 'id',
    contentType: 'code',
    language: 'code',
    data: 'base64',
    url: 'uri',
    size: 'size',
    hash: 'base64',
    title: 'string',
    creation: 'dateTime',
  }),
  RelatesTo: shape({ id: 'id', code: 'code', target: 'Reference' }),
  Extension: shape({ id: 'id', url: 'uri', valueCodeableConcept: 'CodeableConcept' }),
  CodeableConcept: shape({ id: 'id', coding: 'Coding[]', text: 'string' }),
  Coding: shape({ id: 'id', system: 'uri', version: 'string', code: 'code', display: 'string', userSelected: 'boolean' }),
  Identifier: shape({
    id: 'id',
    use: 'code',
    type: 'CodeableConcept',
    system: 'uri',
    value: 'string',
    period: 'Period',
    assigner: 'Reference',
  }),
  Reference: shape({ id: 'id', reference: 'string', type: 'uri', identifier: 'Identifier', display: 'string' }),
  Period: shape({ id: 'id', start: 'dateTime', end: 'dateTime' }),
  Narrative: shape({ id: 'id', status: 'code', div: 'string' }),
  Meta: shape({
    id: 'id',
    versionId: 'id',
    lastUpdated: 'instant',
    source: 'uri',
    profile: 'uri[]',
    security: 'Coding[]',
    tag: 'Coding[]',
  }),
};
