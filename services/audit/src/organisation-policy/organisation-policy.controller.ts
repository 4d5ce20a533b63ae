import { Body, Controller, Get, Put, Query } from '@nestjs/common';
import { Access, Caller, Trail, type AccessTrail, type Principal } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { officers } from '../alerts/officers';
import { parametersOf } from '../request-body';
import { OrganisationPolicies, type KeptPolicy, type PolicyChange } from './organisation-policies.service';
import { parsePolicy } from './policy';

/** The organisation's standard operating procedure, as the platform applies it. */
@Controller('audit/v1/policy')
export class OrganisationPolicyController {
  constructor(private readonly policies: OrganisationPolicies) {}

  @Get()
  @Access(officers('Read alert policy', Interaction.READ))
  read(@Query() parameters: Record<string, unknown>, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<KeptPolicy> {
    trail.purpose = 'HOPERAT';
    parametersOf(parameters, []);
    return this.policies.of(who.organisation.odsCode);
  }

  @Put()
  @Access({ ...officers('Change alert policy', Interaction.UPDATE), permission: 'audit.reports' })
  replace(@Body() body: unknown, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<KeptPolicy> {
    trail.purpose = 'HOPERAT';
    const { version, policy } = parsePolicy(body);
    return this.policies.replace(who, version, policy);
  }

  @Get('history')
  @Access(officers('Read history of the alert policy', Interaction.READ))
  async history(@Query() parameters: Record<string, unknown>, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<{ changes: PolicyChange[] }> {
    trail.purpose = 'HOPERAT';
    parametersOf(parameters, []);
    return { changes: await this.policies.history(who.organisation.odsCode) };
  }
}
