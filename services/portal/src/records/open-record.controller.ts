import { Controller, Get, Param, Res } from '@nestjs/common';
import { Access, Caller, type Principal } from '@carespine/access-control';
import type { FastifyReply } from 'fastify';
import { ApiRefused, OnwardHeaders, type Onward } from '../apis/api-client';
import { DemographicsApi } from '../apis/demographics-api';
import { RecordLocatorApi, textOf, TooLarge, type Opened } from '../apis/record-locator-api';
import { Pages } from '../pages/pages';
import { bannerOf } from '../patients/patient-view';
import { ReferenceRefused, sessionOf, SealedReferences } from '../references/sealed-references';
import { describeFailure } from './failure-view';
import { treeOf } from './record-tree';
import { WAYS, type Way } from './record-view';

/** What the address of a document holds, sealed. */
export interface SealedRecord {
  nhsNumber: string;
  pointerId: string;
  /** Of the pointer's contents, counted from 0. */
  content: number;
  way: Way;
  type: string;
  custodian: string;
  custodianCode: string;
  date: string;
}

const OPENER = { permission: 'pointers.retrieve' } as const;
/** A structured record that is larger is a file to be kept. */
const LARGEST_TREE_BYTES = 1_048_576;

/** Opens one document: as a file, in a frame of no origin, as a tree, or at its provider. */
@Controller('/records/:document')
export class OpenRecordController {
  constructor(
    private readonly pages: Pages,
    private readonly references: SealedReferences,
    private readonly demographics: DemographicsApi,
    private readonly locator: RecordLocatorApi,
  ) {}

  @Access(OPENER)
  @Get()
  async show(@Caller() who: Principal, @OnwardHeaders() onward: Onward, @Param('document') document: string, @Res() reply: FastifyReply): Promise<void> {
    const record = await this.open(who, document);
    // the frame fetches it: were it fetched here too, its provider would be asked twice
    if (record.way === 'page') return this.pages.show(reply, 'records/page', await this.frame(who, onward, document, record), 200, { frames: true });
    const opened = await this.retrieve(who, onward, record);
    if (opened instanceof ApiRefused) return this.refused(reply, who, onward, document, record, opened);
    switch (opened.kind) {
      case 'failed':
        return this.pages.show(reply, 'records/failed', { ...(await this.frame(who, onward, document, record)), ...failureOf(opened) }, opened.status);
      case 'document':
        if (record.way !== 'data') return this.pages.download(reply, opened, fileName(record, opened.type));
        return this.pages.show(reply, 'records/data', { ...(await this.frame(who, onward, document, record)), tree: await this.tree(opened) });
      default: {
        const { url } = opened;
        const token = opened.kind === 'launch' ? opened.token : undefined;
        const data = { ...(await this.frame(who, onward, document, record)), url, host: new URL(url).host, token };
        this.pages.show(reply, token ? 'records/launch' : 'records/contact', data, 200, token ? { formTo: new URL(url).origin } : undefined);
      }
    }
  }

  /** What stands in the frame. */
  @Access(OPENER)
  @Get('page')
  async page(@Caller() who: Principal, @OnwardHeaders() onward: Onward, @Param('document') document: string, @Res() reply: FastifyReply): Promise<void> {
    const record = await this.open(who, document);
    const opened = await this.retrieve(who, onward, record);
    if (!(opened instanceof ApiRefused) && opened.kind === 'document') {
      if (opened.type.startsWith('text/html')) return this.pages.framedSandbox(reply, opened);
      opened.body.destroy(); // the pointer says another type by now: the list will too
    }
    const failed = !(opened instanceof ApiRefused) && opened.kind === 'failed' ? opened : undefined;
    const data = { ...record, ...(failed && failureOf(failed)) };
    this.pages.show(reply, 'records/failed-in-frame', data, failed?.status ?? 404, { framed: true });
  }

  /** A structured record, to be kept. */
  @Access(OPENER)
  @Get('file')
  async file(@Caller() who: Principal, @OnwardHeaders() onward: Onward, @Param('document') document: string, @Res() reply: FastifyReply): Promise<void> {
    const record = await this.open(who, document);
    const opened = await this.retrieve(who, onward, record);
    if (opened instanceof ApiRefused) return this.refused(reply, who, onward, document, record, opened);
    if (opened.kind === 'document') return this.pages.download(reply, opened, fileName(record, opened.type));
    this.pages.seeOther(reply, `/records/${document}`);
  }

  private async open(who: Principal, document: string): Promise<SealedRecord> {
    const { record } = await this.references.open<{ record?: SealedRecord }>(sessionOf(who), document);
    if (!record) throw new ReferenceRefused();
    return record;
  }

  private retrieve(who: Principal, onward: Onward, { pointerId, content }: SealedRecord): Promise<Opened | ApiRefused> {
    return this.locator.retrieve(who, onward, pointerId, content).catch((error: unknown) => {
      if (error instanceof ApiRefused && (error.status === 404 || error.code === 'ACCESS DENIED')) return error;
      throw error;
    });
  }

  private async refused(reply: FastifyReply, who: Principal, onward: Onward, document: string, record: SealedRecord, { status }: ApiRefused): Promise<void> {
    this.pages.show(reply, 'records/gone', { ...(await this.frame(who, onward, document, record)), isPermission: status === 403 }, status);
  }

  /** What every page about a document shows. */
  private async frame(who: Principal, onward: Onward, document: string, record: SealedRecord) {
    const { nhsNumber } = record;
    const read = await this.demographics.read(onward, nhsNumber).catch(() => undefined);
    return {
      record,
      ...(read && { banner: bannerOf(read.patient, new Date()) }),
      format: WAYS[record.way].format,
      href: `/records/${document}`,
      listHref: `/patients/${await this.references.patient(sessionOf(who), nhsNumber)}/records`,
    };
  }

  /** Undefined for what is better read elsewhere. */
  private async tree(file: Extract<Opened, { kind: 'document' }>) {
    try {
      return treeOf(JSON.parse(await textOf(file, LARGEST_TREE_BYTES)));
    } catch (error) {
      if (error instanceof TooLarge || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
}

const failureOf = ({ code, provider, requestId }: Extract<Opened, { kind: 'failed' }>) => ({ ...describeFailure(code), provider, requestId, code });

const fileName = ({ type, date }: SealedRecord, mediaType: string): string =>
  `${type} ${date}`.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 80) + (mediaType === 'application/pdf' ? '.pdf' : '.json');
