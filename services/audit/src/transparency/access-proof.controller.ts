import { Controller, Get, Param } from '@nestjs/common';
import { Access, Caller, Trail, type AccessTrail, type Principal } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { Fault } from '@carespine/fhir';
import { Database } from '@carespine/service-kit';
import { isUuid } from '../parameters';
import { TransparencyLog, type AccessProof } from './transparency-log.service';

/** That the log holds an access which a privacy officer sees. */
@Controller('audit/v1/accesses')
export class AccessProofController {
  constructor(
    private readonly log: TransparencyLog,
    private readonly database: Database,
  ) {}

  @Get(':id/proof')
  @Access({ permission: 'audit.reports', record: { interaction: Interaction.READ, resource: 'AuditEvent', name: 'Prove access record' } })
  async prove(@Param('id') id: string, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<Omit<AccessProof, 'id' | 'payload'> & { checkpoint: string }> {
    trail.purpose = 'HOPERAT';
    const found = isUuid(id) ? await this.find(id, who.organisation.odsCode) : undefined;
    if (!found) throw new Fault('RESOURCE_NOT_FOUND');
    trail.resourceId = id;
    if (found.nhs_number) trail.open(found.nhs_number);
    const { checkpoint, proofs } = await this.log.inclusionOf([id]);
    const [proof] = proofs;
    if (!proof) throw new Fault('RESOURCE_NOT_FOUND');
    const { leafIndex, leafHash, salt, previousLeaf, inclusion } = proof;
    return { leafIndex, leafHash, ...(salt !== undefined && { salt }), previousLeaf, checkpoint, inclusion };
  }

  private async find(id: string, odsCode: string): Promise<{ nhs_number: string } | undefined> {
    const { rows } = await this.database.query<{ nhs_number: string }>({
      text: 'SELECT nhs_number FROM access_events WHERE event_id = $1 AND ods_code = $2',
      values: [id, odsCode],
    });
    return rows[0];
  }
}
