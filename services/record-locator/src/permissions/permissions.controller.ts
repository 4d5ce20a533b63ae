import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { Access, Caller, type AccessRule, type Principal } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { Fault } from '@carespine/fhir';
import { MalformedBody } from '@carespine/service-kit';
import { RecordLocatorConfig } from '../config';
import { POINTER_TYPES, type PointerType } from '../validation/code-tables';
import { grantedBy, permissionsOf, SIDES, type Permission, type Side } from './permission';
import { Permissions } from './permissions.service';

const rule = (name: string, interaction: Interaction): AccessRule => ({
  permission: 'admin.organisation-settings',
  record: { interaction, resource: '', name },
});

interface Place {
  organisation: string;
  application: string;
  side: string;
}

/**
 * Pointer types that applications and staff may handle, for whoever looks after an organisation's settings: of the own organisation;
 * of all, at the organisation that operates the platform.
 */
@Controller('record-locator/v1/permissions')
export class PermissionsController {
  constructor(
    private readonly permissions: Permissions,
    private readonly config: RecordLocatorConfig,
  ) {}

  /** With every type that can be granted, and whether the caller's organisation sets the permissions of others. */
  @Get()
  @Access(rule('List pointer permissions', Interaction.SEARCH_TYPE))
  async list(@Caller() who: Principal): Promise<{ permissions: Permission[]; types: PointerType[]; setsAll: boolean }> {
    const setsAll = this.isOperator(who);
    return { permissions: await this.permissions.list(setsAll ? undefined : who.organisation.odsCode), types: [...POINTER_TYPES.values()], setsAll };
  }

  @Put(':organisation/:application/:side')
  @HttpCode(204)
  @Access(rule('Grant pointer permission', Interaction.UPDATE))
  async grant(@Param() place: Place, @Body() body: unknown, @Caller() who: Principal): Promise<void> {
    const where = this.placeOf(place, who);
    if (body === undefined || body instanceof MalformedBody || Buffer.isBuffer(body))
      throw new Fault('MESSAGE_NOT_WELL_FORMED', { diagnostics: 'The body must be a JSON object' });
    await this.permissions.grant({ ...where, ...readable(() => grantedBy(body)) });
  }

  @Delete(':organisation/:application/:side')
  @HttpCode(204)
  @Access(rule('Revoke pointer permission', Interaction.DELETE))
  async revoke(@Param() place: Place, @Caller() who: Principal): Promise<void> {
    if (!(await this.permissions.revoke(this.placeOf(place, who)))) throw new Fault('NO_RECORD_FOUND');
  }

  private placeOf({ organisation, application, side }: Place, who: Principal): Pick<Permission, 'application' | 'organisation' | 'side'> {
    if (!this.isOperator(who) && organisation !== who.organisation.odsCode) {
      throw new Fault('ACCESS_DENIED', { diagnostics: 'Permissions of another organisation are not yours to change' });
    }
    if (!SIDES.includes(side))
      throw new Fault('INVALID_PARAMETER', { diagnostics: 'The side must be producer or consumer', expression: 'side' });
    readable(() => permissionsOf({ organisation, application }));
    return { organisation, application, side: side as Side };
  }

  private isOperator = ({ organisation }: Principal): boolean => organisation.odsCode === this.config.OPERATOR_ODS_CODE;
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Fault('UNPROCESSABLE_ENTITY', { diagnostics: (error as Error).message });
  }
}
