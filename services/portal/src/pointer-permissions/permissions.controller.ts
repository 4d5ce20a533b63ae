import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { Access, Caller, type Principal } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import type { FastifyReply } from 'fastify';
import { ApiRefused, OnwardHeaders, type Onward } from '../apis/api-client';
import { PointersApi, type PermissionPage, type PointerPermission } from '../apis/pointers-api';
import { presentForm, readForm, type Errors, type Values } from '../forms/form';
import { CAN_SET_UP } from '../pages/navigation';
import { Pages } from '../pages/pages';
import { checkPermission, describePermission, grantIn, permissionFields, placeIn, valuesOf } from './permission-forms';

const SETTER = { permission: CAN_SET_UP } as const;
const DONE: Record<string, string> = { granted: 'The permission was saved. It holds within seconds', withdrawn: 'The permission was withdrawn. It ends within seconds' };

/** Which types of records an organisation's systems and staff may handle. */
@Controller('/pointer-permissions')
export class PointerPermissionsController {
  constructor(
    private readonly pages: Pages,
    private readonly pointers: PointersApi,
  ) {}

  @Access(SETTER)
  @Get()
  async list(@OnwardHeaders() onward: Onward, @Query('done') done: unknown, @Res() reply: FastifyReply): Promise<void> {
    const page = await this.pointers.permissions(onward);
    const rows = page.permissions.map((permission) => ({ ...describePermission(page, permission), href: hrefOf(permission) }));
    this.pages.show(reply, 'pointer-permissions/list', { rows, setsAll: page.setsAll, done: typeof done === 'string' && Object.hasOwn(DONE, done) ? DONE[done] : undefined });
  }

  @Access(SETTER)
  @Get('new')
  async form(@OnwardHeaders() onward: Onward, @Res() reply: FastifyReply): Promise<void> {
    this.showForm(reply, await this.pointers.permissions(onward), undefined, {});
  }

  @Access(SETTER)
  @Post('new')
  @HttpCode(200)
  async grant(@Caller() who: Principal, @OnwardHeaders() onward: Onward, @Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    const page = await this.pointers.permissions(onward);
    const values = readForm(permissionFields(page, true), body);
    const place = placeIn(values, who.organisation.odsCode);
    const errors = checkPermission(page, true, values);
    if (page.permissions.some((one) => hrefOf(one) === hrefOf(place))) errors.application ??= 'There is such a permission already. Change it from the list';
    await this.save(reply, onward, page, undefined, place, values, errors);
  }

  @Access(SETTER)
  @Get(':organisation/:application/:side')
  async change(@OnwardHeaders() onward: Onward, @Param() place: Record<string, string>, @Res() reply: FastifyReply): Promise<void> {
    const page = await this.pointers.permissions(onward);
    const permission = found(page, place);
    this.showForm(reply, page, permission, valuesOf(permission));
  }

  @Access(SETTER)
  @Post(':organisation/:application/:side')
  @HttpCode(200)
  async saveChange(@OnwardHeaders() onward: Onward, @Param() place: Record<string, string>, @Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    const page = await this.pointers.permissions(onward);
    const permission = found(page, place);
    const values = readForm(permissionFields(page, false), body);
    await this.save(reply, onward, page, permission, permission, values, checkPermission(page, false, values));
  }

  @Access(SETTER)
  @Get(':organisation/:application/:side/withdraw')
  async confirm(@OnwardHeaders() onward: Onward, @Param() place: Record<string, string>, @Res() reply: FastifyReply): Promise<void> {
    const page = await this.pointers.permissions(onward);
    const permission = found(page, place);
    this.pages.show(reply, 'pointer-permissions/withdraw', { ...describePermission(page, permission), href: hrefOf(permission) });
  }

  @Access(SETTER)
  @Post(':organisation/:application/:side/withdraw')
  @HttpCode(200)
  async withdraw(@OnwardHeaders() onward: Onward, @Param() place: Record<string, string>, @Res() reply: FastifyReply): Promise<void> {
    const permission = found(await this.pointers.permissions(onward), place);
    await this.pointers.withdraw(onward, permission).catch((error: unknown) => {
      if (!(error instanceof ApiRefused) || error.status !== 404) throw error; // somebody else was faster
    });
    this.pages.seeOther(reply, '/pointer-permissions?done=withdrawn');
  }

  private async save(
    reply: FastifyReply,
    onward: Onward,
    page: PermissionPage,
    existing: PointerPermission | undefined,
    place: Pick<PointerPermission, 'organisation' | 'application' | 'side'>,
    values: Values,
    errors: Errors,
  ): Promise<void> {
    if (Object.keys(errors).length > 0) return this.showForm(reply, page, existing, values, errors);
    const { organisation, application, side } = place;
    try {
      await this.pointers.grant(onward, { organisation, application, side, ...grantIn(page, values) });
    } catch (error) {
      if (!(error instanceof ApiRefused) || ![400, 422].includes(error.status)) throw error;
      return this.showForm(reply, page, existing, values, { grant: 'The permission was not accepted with these answers. Check each of them' });
    }
    this.pages.seeOther(reply, '/pointer-permissions?done=granted');
  }

  private showForm(reply: FastifyReply, page: PermissionPage, existing: PointerPermission | undefined, values: Values, errors: Errors = {}): void {
    const form = presentForm(permissionFields(page, !existing), values, errors);
    this.pages.show(
      reply,
      'pointer-permissions/form',
      { form, ...(existing && { existing: describePermission(page, existing) }), action: existing ? hrefOf(existing) : '/pointer-permissions/new' },
      form.errors.length > 0 ? 400 : 200,
    );
  }
}

const hrefOf = ({ organisation, application, side }: Pick<PointerPermission, 'organisation' | 'application' | 'side'>): string =>
  `/pointer-permissions/${encodeURIComponent(organisation)}/${encodeURIComponent(application)}/${side}`;

function found(page: PermissionPage, { organisation, application, side }: Record<string, string>): PointerPermission {
  const permission = page.permissions.find((one) => one.organisation === organisation && one.application === application && one.side === side);
  if (!permission) throw new Fault('RESOURCE_NOT_FOUND');
  return permission;
}
