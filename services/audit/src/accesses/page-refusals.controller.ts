import { Controller, Post, Query } from '@nestjs/common';
import { Access } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { Fault } from '@carespine/fhir';
import { invalid, readParameters } from '../parameters';

/** Pages record nothing of their own: what the portal refuses is refused here once more, in the user's name, and so recorded. */
@Controller('audit/v1/page-refusals')
export class PageRefusalsController {
  @Post()
  @Access({ permission: 'signed-in', record: { interaction: Interaction.OPERATION, resource: '', name: 'Refused page' } })
  refuse(@Query() parameters: Record<string, unknown>): never {
    const permission = readParameters(parameters, ['permission'])('permission');
    if (permission === undefined || !/^[a-z.-]{1,60}$/.test(permission)) throw invalid(permission, 'permission');
    throw new Fault('ACCESS_DENIED', { diagnostics: `${permission} is not among the permissions of the caller` });
  }
}
