import { Controller, Get, Param, Res } from '@nestjs/common';
import { Access, Caller, type Principal } from '@carespine/access-control';
import type { FastifyReply } from 'fastify';
import { ApiRefused, OnwardHeaders, type Onward } from '../apis/api-client';
import { DemographicsApi } from '../apis/demographics-api';
import { bytesOf, RecordLocatorApi, TooLarge, type Opened } from '../apis/record-locator-api';
import { Pages } from '../pages/pages';
import { bannerOf } from '../patients/patient-view';
import { ReferenceRefused, sessionOf, SealedReferences } from '../references/sealed-references';
import { BROKEN_OFF, describeFailure } from './failure-view';
import { treeOf } from './record-tree';
import { holderOf, WAYS, type Way } from './record-view';

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
  dateOf: string;
  /** Which of the contents says whom to contact, where one does. */
  contact?: number;
}

const OPENER = { permission: 'pointers.retrieve' } as const;
/** What is larger is a file to be kept: a structured record; a page; a PDF. */
const LARGEST_TREE_BYTES = 1_048_576;
const LARGEST_PAGE_BYTES = 5_242_880;
const LARGEST_PDF_BYTES = 52_428_800;
/** For what is shown once it is there, from the first call to the last byte: less than the 30 seconds that the gateway waits for us. */
const WHOLE_WITHIN_MS = 26_000;

type Failed = Extract<Opened, { kind: 'failed' }>;
type Document = Extract<Opened, { kind: 'document' }>;

/** Opens one document: in a frame of no origin, as a tree, as a file, or at its provider. */
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
    if (record.way === 'page' || record.way === 'pdf') {
      const data = { ...(await this.frame(who, onward, document, record)), mostBytes: LARGEST_PDF_BYTES };
      return this.pages.show(reply, `records/${record.way}`, data, 200, { frames: true });
    }
    const isData = record.way === 'data';
    const end = over(reply, isData ? WHOLE_WITHIN_MS : undefined);
    const opened = await this.retrieve(who, onward, record, end);
    if (opened instanceof ApiRefused) return this.refused(reply, who, onward, document, record, opened);
    switch (opened.kind) {
      case 'failed':
        return this.failed(reply, who, onward, document, record, opened);
      case 'document': {
        if (!isData) return this.pages.download(reply, opened, fileName(record, opened.type));
        const whole = await this.whole(onward, record, opened, LARGEST_TREE_BYTES, end);
        if ('kind' in whole) return this.failed(reply, who, onward, document, record, whole);
        return this.pages.show(reply, 'records/data', { ...(await this.frame(who, onward, document, record)), tree: whole.bytes && treeIn(whole.bytes) });
      }
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
    const end = over(reply, WHOLE_WITHIN_MS);
    let opened = await this.retrieve(who, onward, record, end);
    let isTooLarge = false;
    if (!(opened instanceof ApiRefused) && opened.kind === 'document') {
      if (opened.type.startsWith('text/html')) {
        // whole before any of it is shown: a part looks like the whole in a frame
        const whole = await this.whole(onward, record, opened, LARGEST_PAGE_BYTES, end);
        if ('kind' in whole) opened = whole;
        else if (whole.bytes) return this.pages.framedSandbox(reply, opened.type, whole.bytes);
        else isTooLarge = true;
      } else {
        opened.body.destroy(); // the pointer says another type by now: the list will too
      }
    }
    const failed = !(opened instanceof ApiRefused) && opened.kind === 'failed' ? opened : undefined;
    const data = { ...record, isTooLarge, ...(failed && failureOf(failed)) };
    this.pages.show(reply, 'records/failed-in-frame', data, isTooLarge ? 200 : (failed?.status ?? 404), { framed: true });
  }

  /** Draws the PDF that the page around it gives it; asks for nothing itself. */
  @Access(OPENER)
  @Get('pdf')
  pdf(@Res() reply: FastifyReply): void {
    this.pages.showInSandbox(reply, 'records/pdf-in-frame');
  }

  /** A document to be kept; and the PDF that is shown. */
  @Access(OPENER)
  @Get('file')
  async file(@Caller() who: Principal, @OnwardHeaders() onward: Onward, @Param('document') document: string, @Res() reply: FastifyReply): Promise<void> {
    const record = await this.open(who, document);
    const opened = await this.retrieve(who, onward, record, over(reply));
    if (opened instanceof ApiRefused) return this.refused(reply, who, onward, document, record, opened);
    if (opened.kind === 'document') return this.pages.download(reply, opened, fileName(record, opened.type));
    if (opened.kind === 'failed') return this.failed(reply, who, onward, document, record, opened);
    this.pages.seeOther(reply, `/records/${document}`);
  }

  private async open(who: Principal, document: string): Promise<SealedRecord> {
    const { record } = await this.references.open<{ record?: SealedRecord }>(sessionOf(who), document);
    if (!record) throw new ReferenceRefused();
    return record;
  }

  private retrieve(who: Principal, onward: Onward, { pointerId, content }: SealedRecord, signal: AbortSignal): Promise<Opened | ApiRefused> {
    return this.locator.retrieve(who, onward, pointerId, content, signal).catch((error: unknown) => {
      if (error instanceof ApiRefused && (error.status === 404 || error.code === 'ACCESS DENIED')) return error;
      throw error;
    });
  }

  private async failed(reply: FastifyReply, who: Principal, onward: Onward, document: string, record: SealedRecord, failed: Failed): Promise<void> {
    const { contact } = record;
    const contactHref =
      contact !== undefined && `/records/${await this.references.seal(sessionOf(who), { record: { ...record, content: contact, way: 'contact' } satisfies SealedRecord })}`;
    this.pages.show(reply, 'records/failed', { ...(await this.frame(who, onward, document, record)), ...failureOf(failed), contactHref }, failed.status);
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

  /** All of a document, without bytes where they are too many; or how it broke off. */
  private async whole(onward: Onward, { custodianCode }: SealedRecord, document: Document, mostBytes: number, signal: AbortSignal): Promise<{ bytes?: Buffer } | Failed> {
    try {
      return { bytes: await bytesOf(document, mostBytes) };
    } catch (error) {
      if (error instanceof TooLarge) return {};
      const isLate = signal.aborted;
      const provider = holderOf(custodianCode, await this.locator.providers(onward));
      return { kind: 'failed', status: isLate ? 504 : 502, code: isLate ? 'PROVIDER_TIMEOUT' : BROKEN_OFF, provider, requestId: document.requestId };
    }
  }
}

/** Fires when the browser has left or has its answer, or it took too long. */
function over({ raw }: FastifyReply, withinMs?: number): AbortSignal {
  const end = new AbortController();
  const late = withinMs && setTimeout(() => end.abort(), withinMs);
  raw.once('close', () => {
    clearTimeout(late);
    end.abort();
  });
  if (raw.destroyed) end.abort();
  return end.signal;
}

/** Undefined for what is better read elsewhere. */
function treeIn(bytes: Buffer) {
  try {
    return treeOf(JSON.parse(bytes.toString()));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const failureOf = ({ code, provider, requestId }: Failed) => ({ ...describeFailure(code), provider, requestId, code });

const ENDINGS: Record<string, string> = { 'application/pdf': '.pdf', 'text/html': '.html' };

const fileName = ({ type, date }: SealedRecord, mediaType: string): string =>
  `${type} ${date}`.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 80) + (ENDINGS[mediaType.split(';', 1)[0] ?? ''] ?? '.json');
