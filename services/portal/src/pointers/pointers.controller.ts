import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { Access, Caller, type Principal } from '@carespine/access-control';
import type { FastifyReply } from 'fastify';
import { OnwardHeaders, type Onward } from '../apis/api-client';
import { PointersApi } from '../apis/pointers-api';
import { CAN_SEE_POINTERS, holds } from '../pages/navigation';
import { Pages } from '../pages/pages';
import { ReferenceRefused, sessionOf, SealedReferences } from '../references/sealed-references';
import { describeFailures, describeOwn, describePointer } from './pointer-view';

/** What the caller's organisation has listed, and what of it could not be opened. */
@Controller('/pointers')
export class PointersController {
  constructor(
    private readonly pages: Pages,
    private readonly references: SealedReferences,
    private readonly pointers: PointersApi,
  ) {}

  @Access({ permission: CAN_SEE_POINTERS })
  @Get()
  async list(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Query('type') asked: unknown,
    @Query('after') sealed: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const type = typeof asked === 'string' && /^[A-Za-z\d]{1,20}$/.test(asked) ? asked : undefined;
    const after = typeof sealed === 'string' ? (await this.references.open<{ after?: string }>(sessionOf(who), sealed)).after : undefined;
    const [{ counts, pointers, next }, failures] = await Promise.all([
      this.pointers.own(onward, type, after),
      after ? undefined : this.pointers.failures(onward).catch(() => undefined),
    ]);
    const canOpen = holds(who, ['pointers.produce']);
    const link = async (id: string) => (canOpen ? { href: `/pointers/${await this.references.seal(sessionOf(who), { pointer: id })}` } : {});
    const filter = type ? `type=${type}&` : '';
    const failed = failures && describeFailures(failures);
    this.pages.show(reply, 'pointers/list', {
      type,
      counts: counts?.map(({ type: one, count }) => ({ name: one.display ?? one.code, code: one.code, count: count.toLocaleString('en-GB') })),
      total: counts?.reduce((sum, { count }) => sum + count, 0).toLocaleString('en-GB'),
      pointers: await Promise.all(pointers.map(async (pointer) => ({ ...describePointer(pointer), ...(await link(pointer.id)) }))),
      failures: failed && { ...failed, latest: await Promise.all(failed.latest.map(async (one) => ({ ...one, ...(await link(one.pointerId)) }))) },
      isFirst: !after,
      ...(after && { first: `/pointers${type ? `?type=${type}` : ''}` }),
      ...(next && { next: `/pointers?${filter}after=${await this.references.seal(sessionOf(who), { after: next })}` }),
    });
  }

  /** Names the patient, and so is recorded as a look at one of theirs. */
  @Access({ permission: 'pointers.produce' })
  @Get(':pointer')
  async show(@Caller() who: Principal, @OnwardHeaders() onward: Onward, @Param('pointer') sealed: string, @Res() reply: FastifyReply): Promise<void> {
    const { pointer: id } = await this.references.open<{ pointer?: string }>(sessionOf(who), sealed);
    if (!id) throw new ReferenceRefused();
    const pointer = describeOwn(await this.pointers.read(onward, id));
    const canRead = holds(who, ['demographics.read']);
    this.pages.show(reply, 'pointers/pointer', {
      ...pointer,
      ...(canRead && { patientHref: `/patients/${await this.references.patient(sessionOf(who), pointer.nhsNumber)}` }),
    });
  }
}
