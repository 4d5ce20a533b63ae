import { Readable } from 'node:stream';
import { Body, Controller, Get, HttpCode, Param, Post, Query, Res, StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Access, Caller, Trail, type AccessRule, type AccessTrail, type Principal } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { Fault, isCalendarDate, isNhsNumber } from '@carespine/fhir';
import { monthsAfter } from '../calendar';
import { londonDay } from '../london';
import { OrganisationPolicies } from '../organisation-policy/organisation-policies.service';
import { invalid, pageSizeOf, readParameters } from '../parameters';
import { membersOf, missing, oneOf, text, wholeNumber, yesOrNo } from '../request-body';
import { EXCLUSIONS, FORMATS, IDENTITY_DOCUMENTS, isDecision, STATUSES, STEPS, type Format, type IdentityDocument, type RequestSummary, type SubjectAccessRequest } from './request';
import { SubjectAccessRegister, type NewRequest, type StepTaken } from './subject-access-register';

const access = (name: string, interaction: Interaction): AccessRule => ({
  permission: 'audit.sar',
  record: { interaction, resource: 'Task', name },
});
/** The longest that an access is kept. @see audit specification, "Retention": 30 years for cancer pathway events */
const LONGEST_MONTHS = 30 * 12;

/**
 * Subject access requests, which an officer handles for her own organisation. The answer lists the accesses of all organisations: the right
 * is the person's, who does not ask by organisation (UK GDPR, Article 15).
 */
@Controller('audit/v1/subject-access-requests')
export class SubjectAccessController {
  constructor(
    private readonly register: SubjectAccessRegister,
    private readonly policies: OrganisationPolicies,
  ) {}

  @Post()
  @HttpCode(201)
  @Access(access('Open subject access request', Interaction.CREATE))
  async open(@Body() body: unknown, @Caller() who: Principal, @Trail() trail: AccessTrail, @Res({ passthrough: true }) reply: FastifyReply): Promise<SubjectAccessRequest> {
    trail.purpose = 'PATRQT';
    const { namesWithheldInSubjectAccess } = await this.policies.of(who.organisation.odsCode);
    const request = requestOf(body, namesWithheldInSubjectAccess, londonDay(new Date()));
    trail.open(request.nhsNumber);
    const opened = await this.register.open(who, request);
    trail.resourceId = opened.reference;
    void reply.header('location', `/audit/v1/subject-access-requests/${opened.reference}`);
    return opened;
  }

  @Get()
  @Access(access('List subject access requests', Interaction.SEARCH_TYPE))
  list(@Query() parameters: Record<string, unknown>, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<{ requests: RequestSummary[]; next?: string }> {
    trail.purpose = 'PATRQT';
    const one = readParameters(parameters, ['status', '_count', '_page']);
    const status = one('status');
    return this.register.list(who, status === undefined ? undefined : oneOf(status, 'status', STATUSES), pageSizeOf(one('_count')), one('_page'));
  }

  @Get(':reference')
  @Access(access('Read subject access request', Interaction.READ))
  async read(@Param('reference') reference: string, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<SubjectAccessRequest> {
    return this.found(who, reference, trail);
  }

  @Post(':reference/steps')
  @HttpCode(200)
  @Access(access('Take a step of a subject access request', Interaction.UPDATE))
  async take(@Param('reference') reference: string, @Body() body: unknown, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<SubjectAccessRequest> {
    await this.found(who, reference, trail);
    return this.register.take(who, reference, stepOf(body));
  }

  @Get(':reference/document')
  @Access(access('Fetch the answer to a subject access request', Interaction.EXPORT))
  async document(
    @Param('reference') reference: string,
    @Query() parameters: Record<string, unknown>,
    @Caller() who: Principal,
    @Trail() trail: AccessTrail,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const given = readParameters(parameters, ['format'])('format');
    await this.found(who, reference, trail);
    const format = oneOf(given, 'format', FORMATS);
    const bytes = await this.register.document(who, reference, format);
    void reply.headers({ 'cache-control': 'no-store', 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox" });
    return new StreamableFile(Readable.from(bytes), { type: TYPES[format], disposition: `attachment; filename="${reference}.${format}"` });
  }

  private async found(who: Principal, reference: string, trail: AccessTrail): Promise<SubjectAccessRequest> {
    trail.purpose = 'PATRQT';
    if (!/^SAR-[0-9A-Z]{4}-[0-9A-Z]{4}$/.test(reference)) throw new Fault('RESOURCE_NOT_FOUND');
    trail.resourceId = reference;
    const found = await this.register.find(who, reference);
    trail.open(found.nhsNumber);
    return found;
  }
}

const TYPES: Record<Format, string> = {
  html: 'text/html; charset=utf-8',
  pdf: 'application/pdf',
  json: 'application/json; charset=utf-8',
};

/** @param today Europe/London calendar day */
function requestOf(body: unknown, namesWithheld: boolean, today: string): NewRequest {
  const given = membersOf(body, ['nhsNumber', 'from', 'to', 'receivedOn', 'identityChecks', 'withholdNames', 'withholdReason']);
  const nhsNumber = text(given['nhsNumber'], 'nhsNumber', 10);
  if (!isNhsNumber(nhsNumber)) throw invalid(nhsNumber, 'nhsNumber');
  const [receivedOn, from, to] = ['receivedOn', 'from', 'to'].map((name) => {
    const day = text(given[name], name, 10);
    // accesses that have yet to happen cannot be listed
    if (!isCalendarDate(day) || day > today) throw invalid(day, name);
    return day;
  }) as [string, string, string];
  if (to < from) throw invalid(to, 'to');
  if (from < monthsAfter(receivedOn, -LONGEST_MONTHS)) throw invalid(from, 'from');
  const withholdNames = given['withholdNames'] === undefined ? namesWithheld : yesOrNo(given['withholdNames'], 'withholdNames');
  if (!withholdNames && given['withholdReason'] !== undefined) throw invalid(given['withholdReason'], 'withholdReason');
  return {
    nhsNumber,
    from,
    to,
    receivedOn,
    identityChecks: identityChecksOf(given['identityChecks']),
    withholdNames,
    ...(withholdNames && { withholdReason: text(given['withholdReason'], 'withholdReason', 500) }),
  };
}

function identityChecksOf(given: unknown): IdentityDocument[] {
  if (given === undefined) throw missing('identityChecks');
  const kinds = Object.keys(IDENTITY_DOCUMENTS) as IdentityDocument[];
  if (!Array.isArray(given) || given.length > kinds.length) throw invalid(given, 'identityChecks');
  const checks = [...new Set(given.map((one, i) => oneOf(one, `identityChecks[${i}]`, kinds)))];
  for (const proof of ['photograph', 'address'] as const) {
    if (checks.some((check) => IDENTITY_DOCUMENTS[check] === proof)) continue;
    throw new Fault('INVALID_VALUE', { diagnostics: `Identity is proved by a document with a photograph and one with an address: there is none with ${proof === 'address' ? 'an address' : 'a photograph'}`, expression: 'identityChecks' });
  }
  return checks;
}

function stepOf(body: unknown): StepTaken {
  const given = membersOf(body, ['version', 'step', 'note', 'what', 'accesses']);
  const version = wholeNumber(given['version'], 'version', 1, 2_147_483_647);
  const step = oneOf(given['step'], 'step', STEPS);
  const reasonIsNeeded = step === 'extend' || step === 'appeal' || isDecision(step);
  const note = given['note'] === undefined && !reasonIsNeeded ? undefined : text(given['note'], 'note', 2000);
  for (const name of isDecision(step) ? [] : ['what', 'accesses']) if (given[name] !== undefined) throw invalid(given[name], name);
  if (step === 'include' && given['accesses'] !== undefined) throw invalid(given['accesses'], 'accesses');
  const what = isDecision(step) ? oneOf(given['what'], 'what', EXCLUSIONS) : undefined;
  const { accesses = [] } = given;
  if (!Array.isArray(accesses) || accesses.length > 1000) throw invalid(accesses, 'accesses');
  const numbers = accesses.map((one, i) => wholeNumber(one, `accesses[${i}]`, 1, 2_147_483_647));
  if (step === 'exclude' && what === 'other' && numbers.length === 0) throw missing('accesses');
  return { version, step, ...(what && { what }), ...(note !== undefined && { note }), accesses: numbers };
}
