import { Fault, isNhsNumber } from '@carespine/fhir';
import { CONTACT_DETAILS, documentAddress } from '../documents/document-source';
import { LOOPBACK_HOSTS } from '../documents/provider-registry';
import { RetrievalFailure } from '../documents/retrieval-failure';
import type { CodeableConcept, Coding, Content, DocumentReference, Reference } from '../pointers/document-reference';
import { flawsOf } from './shape';
import {
  ASID_SYSTEM,
  CATEGORIES,
  CONTENT_STABILITY,
  CONTENT_TYPES,
  CONTENT_TYPES_OF_FORMAT,
  FORMATS,
  isSnomedConcept,
  NHS_NUMBER_SYSTEM,
  ODS_SYSTEM,
  POINTER_TYPES,
  PRACTICE_SETTINGS,
  RELATIONS,
  RETRIEVAL_MECHANISM,
  SNOMED,
  type CodeTable,
} from './code-tables';

/** As it comes: well formed, and anything may be missing. */
export type Draft = Partial<Omit<DocumentReference, 'content' | 'context'>> & {
  content?: Partial<Content>[];
  context?: Partial<DocumentReference['context']>;
};

/**
 * A DocumentReference that keeps every rule which needs no look-up.
 *
 * @param value parsed JSON
 * @param odsCode whom the caller acts for: the only custodian that it may name
 * @param needsId whether the producer chooses the id
 * @throws Fault 400 MESSAGE_NOT_WELL_FORMED or BAD_REQUEST with every flaw of form; 422 UNPROCESSABLE_ENTITY with every broken rule
 * @see record locator specification, "Pointer resource" and "Validation faults that must be caught"
 */
export function checkedPointer(value: unknown, odsCode: string, needsId: boolean): DocumentReference {
  return ruled(complete(wellFormed(value), needsId), odsCode, needsId);
}

/** @throws Fault 400 MESSAGE_NOT_WELL_FORMED or BAD_REQUEST with every flaw of form */
export function wellFormed(value: unknown): Draft {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Fault('MESSAGE_NOT_WELL_FORMED', { diagnostics: 'The body must be a JSON object' });
  if (!('resourceType' in value)) throw malformed([{ expression: 'resourceType', reason: 'is missing' }]);
  const flaws = flawsOf(value, 'DocumentReference');
  if (flaws.length > 0) throw malformed(flaws);
  const draft = value as Draft;
  refuseMisspeltExtensions(draft);
  return draft;
}

/** @throws Fault 422 UNPROCESSABLE_ENTITY with every element that is required and missing */
export function complete(draft: Draft, needsId: boolean): DocumentReference {
  throwAll(missingOf(draft, needsId));
  return draft as DocumentReference;
}

/** @throws Fault 422 UNPROCESSABLE_ENTITY with every broken rule */
export function ruled(pointer: DocumentReference, odsCode: string, needsId: boolean): DocumentReference {
  const rules = new Rules();
  checkPeople(pointer, odsCode, rules);
  checkTypeAndCategory(pointer, rules);
  checkRelations(pointer, rules);
  pointer.content.forEach((content, i) => checkContent(content, `content[${i}]`, rules));
  checkContext(pointer, rules);
  if (needsId && pointer.id.split('-', 1)[0] !== odsCode)
    rules.broken('id', `The id must begin with the ODS code of the custodian: ${odsCode}-`);
  throwAll(rules.faults);
  return pointer;
}

const malformed = (flaws: { expression: string; reason: string }[]): Fault =>
  together(
    flaws.map(
      ({ expression, reason }) =>
        new Fault('MESSAGE_NOT_WELL_FORMED', { diagnostics: `Request body could not be parsed (${expression}: ${reason})`, expression }),
    ),
  );

/** One fault that tells of all. */
export function together([first, ...further]: Fault[]): Fault {
  if (!first) throw new Error('There is no fault');
  return further.length === 0 ? first : new Fault(first.code, { ...first.details, further });
}

export function throwAll(faults: Fault[]): void {
  if (faults.length > 0) throw together(faults);
}

export const unprocessable = (expression: string, diagnostics: string): Fault =>
  new Fault('UNPROCESSABLE_ENTITY', { expression, diagnostics });

class Rules {
  readonly faults: Fault[] = [];

  broken(expression: string, diagnostics: string): void {
    this.faults.push(unprocessable(expression, diagnostics));
  }

  /** @returns the only coding, or undefined where there is not exactly one */
  onlyCoding(concept: CodeableConcept | undefined, path: string): Coding | undefined {
    const codings = concept?.coding ?? [];
    if (codings.length === 1) return codings[0];
    this.broken(`${path}.coding`, `${path} must hold exactly one coding, and holds ${codings.length}`);
    return undefined;
  }

  /** Whether a coding is of a closed set, with the set's display. */
  isOf({ system, displays }: CodeTable, coding: Coding, path: string): boolean {
    const display = coding.code !== undefined && Object.hasOwn(displays, coding.code) ? displays[coding.code] : undefined;
    if (coding.system !== system) this.broken(`${path}.system`, `The system must be '${system}'`);
    else if (display === undefined) this.broken(`${path}.code`, `The code must be one of ${Object.keys(displays).join(', ')}`);
    else if (coding.display !== display) this.broken(`${path}.display`, `The display of '${coding.code}' must be '${display}'`);
    else return true;
    return false;
  }
}

/** Url of an extension that differs from one of ours in the case of letters alone. */
function refuseMisspeltExtensions({ content = [] }: Draft): void {
  const faults: Fault[] = [];
  content.forEach(({ extension = [] }, i) =>
    extension.forEach(({ url }, j) => {
      const meant = [CONTENT_STABILITY.url, RETRIEVAL_MECHANISM.url].find((one) => url !== one && url?.toLowerCase() === one.toLowerCase());
      if (meant)
        faults.push(
          new Fault('BAD_REQUEST', {
            expression: `content[${i}].extension[${j}].url`,
            diagnostics: `The url must be '${meant}', with the same case of letters`,
          }),
        );
    }),
  );
  throwAll(faults);
}

/** In the order in which the national service reports them. */
const REQUIRED = ['custodian', 'id', 'type', 'status', 'subject', 'category', 'author', 'content'] as const;

function missingOf(draft: Draft, needsId: boolean): Fault[] {
  const missing: string[] = REQUIRED.filter((element) => draft[element] === undefined && (element !== 'id' || needsId));
  if (!draft.context?.practiceSetting) missing.push('context.practiceSetting');
  return missing.map((element) => unprocessable(element, `The required field '${element}' is missing`));
}

function checkPeople({ custodian, subject, author }: DocumentReference, odsCode: string, rules: Rules): void {
  if (isIdentifiedBy(ODS_SYSTEM, custodian, 'custodian', rules) && custodian.identifier.value !== odsCode) {
    rules.broken('custodian.identifier.value', 'The custodian must be the organisation on whose behalf the request is made');
  }
  if (isIdentifiedBy(NHS_NUMBER_SYSTEM, subject, 'subject', rules) && !isNhsNumber(subject.identifier.value ?? '')) {
    rules.broken('subject.identifier.value', 'The subject must be identified by a valid NHS number');
  }
  if (author.length !== 1) return rules.broken('author', `There must be exactly one author, and there are ${author.length}`);
  const value = author[0]?.identifier?.value ?? '';
  if (!isIdentifiedBy(ODS_SYSTEM, author[0], 'author[0]', rules)) return;
  if (!/^[A-Za-z0-9]+$/.test(value)) rules.broken('author[0].identifier.value', 'The ODS code of the author must be letters and digits');
  else if (value.length > 12) rules.broken('author[0].identifier.value', 'The ODS code of the author must be 12 characters at most');
}

function isIdentifiedBy(system: string, reference: Reference | undefined, path: string, rules: Rules): boolean {
  const identifier = reference?.identifier;
  if (!identifier) rules.broken(`${path}.identifier`, `${path} must have an identifier`);
  else if (identifier.system !== system) rules.broken(`${path}.identifier.system`, `The system of the identifier must be '${system}'`);
  else if (identifier.value === undefined) rules.broken(`${path}.identifier.value`, 'The identifier must have a value');
  else return true;
  return false;
}

const TYPE_SYSTEMS = [...new Set([...POINTER_TYPES.values()].map(({ system }) => system))];

function checkTypeAndCategory({ type, category }: DocumentReference, rules: Rules): void {
  const typed = rules.onlyCoding(type, 'type');
  const listed = typed && POINTER_TYPES.get(typed.code ?? '');
  const known = listed?.system === typed?.system ? listed : undefined;
  if (typed && !TYPE_SYSTEMS.includes(typed.system ?? ''))
    rules.broken('type.coding[0].system', `The system of a pointer type must be one of ${TYPE_SYSTEMS.join(', ')}`);
  else if (typed && !known) rules.broken('type.coding[0].code', 'The code is not that of a pointer type');
  else if (known && typed?.display !== known.display)
    rules.broken('type.coding[0].display', `The display of '${known.code}' must be '${known.display}'`);

  if (category.length !== 1) return rules.broken('category', `There must be exactly one category, and there are ${category.length}`);
  const path = 'category[0].coding[0]';
  const categorised = rules.onlyCoding(category[0], 'category[0]');
  if (!categorised) return;
  const knownCategory = CATEGORIES.get(categorised.code ?? '');
  if (categorised.system !== SNOMED) rules.broken(`${path}.system`, `The system of a category must be '${SNOMED}'`);
  else if (!knownCategory) rules.broken(`${path}.code`, 'The code is not that of a category of pointers');
  else if (categorised.display !== knownCategory.display)
    rules.broken(`${path}.display`, `The display of '${knownCategory.code}' must be '${knownCategory.display}'`);
  // the national service gives this one expression without the index
  else if (known && known.category.code !== knownCategory.code)
    rules.broken('category.coding[0].code', `The category of a pointer of type '${known.code}' must be '${known.category.code}'`);
}

function checkRelations({ relatesTo = [] }: DocumentReference, rules: Rules): void {
  relatesTo.forEach(({ code, target }, i) => {
    if (!RELATIONS.includes(code)) rules.broken(`relatesTo[${i}].code`, `The code must be one of ${RELATIONS.join(', ')}`);
    else if (code === 'replaces' && target?.identifier?.value === undefined) {
      rules.broken(
        `relatesTo[${i}].target.identifier.value`,
        "A relation of code 'replaces' must name the id of the pointer that it replaces",
      );
    } else if (!target) rules.broken(`relatesTo[${i}].target`, 'The relation must have a target');
  });
}

function checkContent({ attachment, format, extension = [] }: Partial<Content>, path: string, rules: Rules): void {
  const { contentType, url } = attachment ?? {};
  if (!attachment) rules.broken(`${path}.attachment`, 'The content must have an attachment');
  else {
    if (!CONTENT_TYPES.includes(contentType ?? ''))
      rules.broken(`${path}.attachment.contentType`, `The contentType must be one of ${CONTENT_TYPES.join(', ')}`);
    if (!/^(https|ssp):\/\/[^/]/.test(url ?? '') || !URL.canParse(url ?? ''))
      rules.broken(`${path}.attachment.url`, 'The url must be absolute, and begin with https:// or ssp://');
    else {
      const flaw = flawOfAddress(url ?? '', format?.code === CONTACT_DETAILS);
      if (flaw) rules.broken(`${path}.attachment.url`, `The document could never be opened: ${flaw}`);
    }
  }
  if (!format) rules.broken(`${path}.format`, 'The content must have a format');
  else if (
    rules.isOf(FORMATS, format, `${path}.format`) &&
    CONTENT_TYPES.includes(contentType ?? '') &&
    !CONTENT_TYPES_OF_FORMAT[format.code ?? '']?.includes(contentType ?? '')
  ) {
    rules.broken(`${path}.format.code`, `The format '${format.code}' does not go with the contentType '${contentType}'`);
  }
  const places = (url: string): number[] => extension.flatMap((one, j) => (one.url === url ? [j] : []));
  const [stability, mechanism] = [places(CONTENT_STABILITY.url), places(RETRIEVAL_MECHANISM.url)];
  if (stability.length !== 1)
    rules.broken(
      `${path}.extension`,
      `There must be exactly one extension that tells the stability of the content, and there are ${stability.length}`,
    );
  if (mechanism.length > 1)
    rules.broken(
      `${path}.extension`,
      `There must be at most one extension that tells the retrieval mechanism, and there are ${mechanism.length}`,
    );
  for (const [table, at] of [
    [CONTENT_STABILITY, stability],
    [RETRIEVAL_MECHANISM, mechanism],
  ] as const) {
    for (const j of at) {
      const concept = `${path}.extension[${j}].valueCodeableConcept`;
      const coding = rules.onlyCoding(extension[j]?.valueCodeableConcept, concept);
      if (coding) rules.isOf(table, withoutComma(coding), `${concept}.coding[0]`);
    }
  }
}

/** What keeps every reader from opening an address, so that its producer learns of it. @param isPage opened by a browser, not fetched */
function flawOfAddress(written: string, isPage: boolean): string | undefined {
  try {
    const { hostname, port } = documentAddress(written);
    return isPage || port === '' || LOOPBACK_HOSTS.includes(hostname) ? undefined : 'documents are fetched on port 443 alone';
  } catch (error) {
    if (error instanceof RetrievalFailure) return error.reason;
    throw error;
  }
}

/** The national example of a pointer has a comma at the end of this system. */
function withoutComma(coding: Coding): Coding {
  if (coding.system === `${CONTENT_STABILITY.system},`) coding.system = CONTENT_STABILITY.system;
  return coding;
}

function checkContext({ content, context }: DocumentReference, rules: Rules): void {
  const path = 'context.practiceSetting';
  const setting = rules.onlyCoding(context.practiceSetting, path);
  if (setting) {
    const { system, code = '', display } = setting;
    const known = Object.hasOwn(PRACTICE_SETTINGS, code) ? PRACTICE_SETTINGS[code] : display;
    if (system !== SNOMED) rules.broken(`${path}.coding[0].system`, `The system of a practice setting must be '${SNOMED}'`);
    else if (!isSnomedConcept(code)) rules.broken(`${path}.coding[0].code`, 'The code is not a SNOMED CT concept');
    else if (POINTER_TYPES.has(code) || CATEGORIES.has(code))
      rules.broken(`${path}.coding[0].code`, 'The code is that of a type or category of pointers, and of no practice setting');
    // without `.display`, as the national service has it
    else if (display === undefined || display !== known)
      rules.broken(`${path}.coding[0]`, `The display of '${code}' must be ${known ? `'${known}'` : 'given'}`);
  }

  const needsAsid = content.some(({ attachment }) => attachment?.url?.startsWith('ssp://'));
  const { related = [] } = context;
  const asids = related.flatMap(({ identifier }, i) => (identifier?.system === ASID_SYSTEM ? [{ i, value: identifier.value ?? '' }] : []));
  const [asid] = asids;
  if (needsAsid && related.length === 0)
    rules.broken('context.related', 'A document behind ssp:// needs context.related, with the ASID of its system');
  else if (needsAsid && !asid) rules.broken('context.related', 'A document behind ssp:// needs the ASID of its system in context.related');
  else if (asids.length > 1) rules.broken('context.related', 'There must be one ASID at most');
  else if (asid && !/^\d{12}$/.test(asid.value)) rules.broken(`context.related[${asid.i}].identifier.value`, 'An ASID is 12 digits');
}
