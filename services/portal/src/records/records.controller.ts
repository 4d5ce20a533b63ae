import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { Access, Caller, type Principal } from '@carespine/access-control';
import type { FastifyReply } from 'fastify';
import { ApiRefused, OnwardHeaders, type Onward } from '../apis/api-client';
import { DemographicsApi } from '../apis/demographics-api';
import { RecordLocatorApi } from '../apis/record-locator-api';
import { presentForm, readForm, type Values } from '../forms/form';
import { holds } from '../pages/navigation';
import { Pages } from '../pages/pages';
import { bannerOf } from '../patients/patient-view';
import { ReferenceRefused, sessionOf, SealedReferences } from '../references/sealed-references';
import type { SealedRecord } from './open-record.controller';
import { checkRecordFilters, describeRecord, filtered, grouped, recordFilters, type RecordEntry } from './record-view';

/** A patient's reference that also holds how the list was narrowed down. */
interface Shown {
  nhsNumber?: string;
  show?: Values;
}

/** Where else a patient has records. */
@Controller('/patients/:reference/records')
export class RecordsController {
  constructor(
    private readonly pages: Pages,
    private readonly references: SealedReferences,
    private readonly demographics: DemographicsApi,
    private readonly locator: RecordLocatorApi,
  ) {}

  @Access({ permission: 'pointers.search' })
  @Get()
  async list(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Param('reference') reference: string,
    @Query('view') view: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { nhsNumber, show = {} } = await this.open(who, reference);
    await this.show(reply, who, onward, { reference, nhsNumber, values: show, asTimeline: view === 'timeline' });
  }

  @Access({ permission: 'pointers.search' })
  @Post()
  @HttpCode(200)
  async narrow(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Param('reference') reference: string,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { nhsNumber } = await this.open(who, reference);
    // which choices there are is known to the list: here they are as they were posted, and checked when it is shown
    const values = readForm(recordFilters([]), body);
    if (Object.values(values).some((value) => value.length > 100)) return this.pages.seeOther(reply, `/patients/${reference}/records`);
    const asTimeline = (body as { view?: unknown } | undefined)?.view === 'timeline';
    const errors = checkRecordFilters(recordFilters([]).filter(({ kind }) => kind === 'date'), values);
    if (Object.keys(errors).length > 0) return this.show(reply, who, onward, { reference, nhsNumber, values, asTimeline });
    const asked = Object.fromEntries(Object.entries(values).filter(([, value]) => value));
    const narrowed = await this.references.seal(sessionOf(who), { nhsNumber, show: asked });
    this.pages.seeOther(reply, `/patients/${narrowed}/records${asTimeline ? '?view=timeline' : ''}`);
  }

  private async open(who: Principal, reference: string): Promise<Shown & { nhsNumber: string }> {
    const { nhsNumber, show } = await this.references.open<Shown>(sessionOf(who), reference);
    if (!nhsNumber) throw new ReferenceRefused();
    return { nhsNumber, ...(show && { show }) };
  }

  private async show(
    reply: FastifyReply,
    who: Principal,
    onward: Onward,
    { reference, nhsNumber, values, asTimeline }: { reference: string; nhsNumber: string; values: Values; asTimeline: boolean },
  ): Promise<void> {
    const [read, providers, found] = await Promise.all([
      this.demographics.read(onward, nhsNumber).catch(() => undefined), // the list is useful without the banner
      this.locator.providers(onward),
      this.locator.search(who, onward, nhsNumber).catch((error: unknown) => {
        if (error instanceof ApiRefused && error.code === 'ACCESS DENIED') return 'not-permitted' as const;
        throw error;
      }),
    ]);
    const records = found === 'not-permitted' ? [] : found.pointers.map((pointer) => describeRecord(pointer, providers)).toSorted((a, b) => b.day.localeCompare(a.day));
    const fields = recordFilters(records);
    const form = presentForm(fields, { ...readForm(fields, {}), ...values }, checkRecordFilters(fields, values));
    const canOpen = holds(who, ['pointers.retrieve']);
    const rows = form.errors.length > 0 ? [] : filtered(records, values);
    const linked = canOpen ? await Promise.all(rows.map((record) => this.link(who, nhsNumber, record))) : rows;
    const plain = await this.references.patient(sessionOf(who), nhsNumber);
    const banner = read && bannerOf(read.patient, new Date());
    this.pages.show(
      reply,
      'records/list',
      {
        banner,
        restricted: banner?.restricted,
        notPermitted: found === 'not-permitted',
        more: found !== 'not-permitted' && found.more,
        form,
        isNarrowed: Object.values(values).some(Boolean),
        asTimeline,
        canOpen,
        total: records.length,
        count: rows.length,
        groups: grouped(linked, asTimeline ? 'year' : 'category'),
        patientHref: `/patients/${plain}`,
        href: `/patients/${reference}/records`,
        allHref: `/patients/${plain}/records`,
      },
      form.errors.length > 0 ? 400 : 200,
    );
  }

  private async link(who: Principal, nhsNumber: string, record: RecordEntry) {
    const { id: pointerId, type, custodian, custodianCode, date, dateOf } = record;
    const contact = record.contents.find(({ way }) => way === 'contact')?.index;
    const contents = record.contents.map(async (content) => {
      const sealed: SealedRecord = { nhsNumber, pointerId, content: content.index, way: content.way, type, custodian, custodianCode, date, dateOf, contact };
      return { ...content, href: `/records/${await this.references.seal(sessionOf(who), { record: sealed })}` };
    });
    return { ...record, contents: await Promise.all(contents) };
  }
}
