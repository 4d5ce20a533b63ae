import { Controller, Get, Param, Res } from '@nestjs/common';
import { Access } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import type { FastifyReply } from 'fastify';
import { ApiUnavailable, OnwardHeaders, type Onward } from '../apis/api-client';
import { ReportsApi } from '../apis/reports-api';
import { CAN_REPORT } from '../pages/navigation';
import { Pages } from '../pages/pages';
import { describeProof } from './proof-view';

/** That an access record stands in the log, unchanged. */
@Controller('/accesses/:id/proof')
export class ProofsController {
  constructor(
    private readonly pages: Pages,
    private readonly reports: ReportsApi,
  ) {}

  @Access({ permission: CAN_REPORT })
  @Get()
  async show(@OnwardHeaders() onward: Onward, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    if (!/^[\w-]{1,64}$/.test(id)) throw new Fault('RESOURCE_NOT_FOUND');
    const proof = await this.reports.proof(onward, id).catch((error: unknown) => {
      if (error instanceof ApiUnavailable) return undefined; // the log gives no proofs now; the record is kept all the same
      throw error;
    });
    this.pages.show(reply, 'proofs/proof', { id, proof: proof && describeProof(proof) }, proof ? 200 : 503);
  }
}
