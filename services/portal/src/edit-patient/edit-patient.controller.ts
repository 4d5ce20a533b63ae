import { Body, Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import { Access, Caller, type Principal } from '@carespine/access-control';
import { Fault, type Patient } from '@carespine/fhir';
import type { FastifyReply } from 'fastify';
import { v5 as uuidOf } from 'uuid';
import { DemographicsApi, type PatchOperation } from '../apis/demographics-api';
import { ApiRefused, ApiUnavailable, OnwardHeaders, type Onward } from '../apis/api-client';
import { checkForm, presentForm, readForm, type Errors, type Values } from '../forms/form';
import { Pages } from '../pages/pages';
import { isRestricted } from '../patients/patient-record';
import { bannerOf } from '../patients/patient-view';
import { sessionOf, SealedReferences } from '../references/sealed-references';
import { inWords, mergeOnto, same, type Area } from './area';
import { AREAS } from './areas';
import { refusalInWords } from './refusal';

/** A form as it stands: the record behind it, what was on it, and what the user wants. */
interface Edit {
  area: Area;
  patient: Patient;
  /** Of the record as it was shown: sent as If-Match. */
  version: string;
  was: Values;
  values: Values;
  /** The user takes the whole thing off the record. */
  removing?: boolean;
}

/** Prefix of the hidden inputs that hold what the form showed first. */
const WAS = 'was-';
/** Namespace of the ids of changes. */
const CHANGES = '0b1f8a52-6a0e-4c55-9d27-6b3f1a0c7e11';

@Controller('/patients/:reference/edit/:slug')
export class EditPatientController {
  constructor(
    private readonly pages: Pages,
    private readonly references: SealedReferences,
    private readonly demographics: DemographicsApi,
  ) {}

  @Access({ permission: 'demographics.update' })
  @Get()
  async form(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Param('reference') reference: string,
    @Param('slug') slug: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const area = areaOf(slug);
    const nhsNumber = await this.references.nhsNumber(sessionOf(who), reference);
    const { patient, version } = await this.demographics.read(onward, nhsNumber);
    if (this.isClosed(reply, reference, nhsNumber, area, patient)) return;
    const values = area.read(patient);
    this.show(reply, reference, { area, patient, version, was: values, values });
  }

  @Access({ permission: 'demographics.update' })
  @Post()
  @HttpCode(200)
  async save(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Param('reference') reference: string,
    @Param('slug') slug: string,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const area = areaOf(slug);
    const nhsNumber = await this.references.nhsNumber(sessionOf(who), reference);
    const { patient, version: current } = await this.demographics.read(onward, nhsNumber);
    if (this.isClosed(reply, reference, nhsNumber, area, patient)) return;

    const fields = area.fields(patient);
    const posted = (body ?? {}) as { version?: unknown; action?: unknown };
    const edit: Edit = {
      area,
      patient,
      version: typeof posted.version === 'string' && /^\d{1,12}$/.test(posted.version) ? posted.version : current,
      was: readForm(fields, body, WAS),
      values: readForm(fields, body),
      removing: posted.action === 'remove' && area.removal !== undefined,
    };
    const errors = edit.removing ? {} : { ...area.check?.(edit.values, patient), ...checkForm(fields, edit.values) };
    if (Object.keys(errors).length > 0) return this.show(reply, reference, edit, errors);

    // Patches address the record by index: they fit the version shown only while nobody has changed it, which If-Match makes sure of.
    const untouched = fields.every((field) => same(field, edit.values, edit.was));
    const patches = edit.removing ? (area.removal?.(patient) ?? []) : untouched ? [] : area.patches(patient, edit.values);
    if (patches.length === 0) return this.pages.seeOther(reply, `/patients/${reference}`);
    try {
      await this.demographics.patch(onward, nhsNumber, edit.version, patches, this.changeId(who, nhsNumber, edit.version, patches));
    } catch (error) {
      return this.notSaved(onward, nhsNumber, reply, reference, edit, error);
    }
    this.pages.seeOther(reply, `/patients/${reference}?saved=${area.slug}`);
  }

  /** The same change of the same version is the same operation, however often its button is pressed. */
  private changeId(who: Principal, nhsNumber: string, version: string, patches: PatchOperation[]): string {
    return uuidOf(JSON.stringify([sessionOf(who), nhsNumber, version, patches]), CHANGES);
  }

  private async notSaved(
    onward: Onward,
    nhsNumber: string,
    reply: FastifyReply,
    reference: string,
    edit: Edit,
    error: unknown,
  ): Promise<void> {
    if (error instanceof ApiUnavailable) return this.show(reply, reference, edit, {}, { unsure: true });
    if (!(error instanceof ApiRefused)) throw error;
    if (error.code === 'RESOURCE_VERSION_MISMATCH') {
      const { patient, version } = await this.demographics.read(onward, nhsNumber);
      return this.conflict(reply, reference, { ...edit, patient, version });
    }
    if (error.status === 400 || error.code === 'FORBIDDEN_UPDATE') {
      return this.show(reply, reference, edit, refusalInWords(edit.area.fields(edit.patient), error));
    }
    throw error;
  }

  /** Someone was faster: shows what they did beside what the user wants, and lets the user decide. */
  private conflict(reply: FastifyReply, reference: string, edit: Edit): void {
    const { area, patient, version, was, values } = edit;
    const fields = area.fields(patient);
    const now = area.read(patient);
    const merged = mergeOnto(fields, now, was, values);
    const rows = fields
      .filter((field) => edit.removing || !same(field, was, now) || !same(field, was, values))
      .map((field) => ({
        label: field.label,
        was: inWords(field, was),
        now: inWords(field, now),
        yours: edit.removing ? 'Removed' : same(field, was, values) ? 'Not changed by you' : inWords(field, values),
        clash: !same(field, was, now) && !same(field, was, values) && !same(field, now, values),
      }));
    const touched = fields.some((field) => !same(field, was, now));
    const hidden = [...Object.entries(merged), ...Object.entries(now).map(([input, value]) => [WAS + input, value])];
    this.pages.show(
      reply,
      'edit-patient/conflict',
      { ...this.frame(reference, edit), rows, touched, version, hidden, removing: edit.removing },
      409,
    );
  }

  private isClosed(reply: FastifyReply, reference: string, nhsNumber: string, area: Area, patient: Patient): boolean {
    const why =
      patient.id !== nhsNumber
        ? 'This NHS number was merged into another one. Open the record of that number to change it.'
        : isRestricted(patient)
          ? 'This is a sensitive record. It can only be changed by the national back office.'
          : area.closed?.(patient);
    if (why)
      this.pages.show(
        reply,
        'edit-patient/closed',
        { banner: bannerOf(patient, new Date()), href: `/patients/${reference}`, area, why },
        403,
      );
    return !!why;
  }

  private show(reply: FastifyReply, reference: string, edit: Edit, errors: Errors = {}, more: { unsure?: true } = {}): void {
    const { area, patient, version, was, values } = edit;
    const fields = area.fields(patient);
    const form = presentForm(
      fields,
      values,
      inFormOrder(
        fields.map(({ name }) => name),
        errors,
      ),
    );
    const status = more.unsure ? 503 : form.errors.length > 0 ? 400 : 200;
    const hidden = Object.entries(was).map(([input, value]) => [WAS + input, value]);
    const removable = area.removal?.(patient) !== undefined;
    this.pages.show(reply, 'edit-patient/form', { ...this.frame(reference, edit), form, version, hidden, removable, ...more }, status);
  }

  private frame(reference: string, { area, patient }: Edit) {
    return {
      area,
      banner: bannerOf(patient, new Date()),
      href: `/patients/${reference}`,
      action: `/patients/${reference}/edit/${area.slug}`,
    };
  }
}

function areaOf(slug: string): Area {
  const area = AREAS.find((candidate) => candidate.slug === slug);
  if (!area) throw new Fault('RESOURCE_NOT_FOUND');
  return area;
}

const inFormOrder = (names: string[], errors: Errors): Errors =>
  Object.fromEntries(Object.entries(errors).toSorted(([a], [b]) => (names.indexOf(a) + 1 || 99) - (names.indexOf(b) + 1 || 99)));
