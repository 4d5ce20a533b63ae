import { Body, Controller, Header, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, Caller, Trail, type AccessTrail, type Principal } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { Fault } from '@carespine/fhir';
import { FHIR_JSON, MalformedBody } from '@carespine/service-kit';
import type { AuditEvent } from '../accesses/audit-event';
import { AuditConfig } from '../config';
import { originalOf } from './fed-access';
import { SupplierFeed } from './supplier-feed';

/** In bytes; the published examples have 2,500. */
const LARGEST = 65_536;

/** Where suppliers' systems feed the accesses that they audit. */
@Controller('audit/FHIR/R4/AuditEvent')
export class FeedController {
  constructor(
    private readonly feed: SupplierFeed,
    private readonly config: AuditConfig,
  ) {}

  /** The access that is fed becomes a record of its patient; that it was fed is a record of the caller alone, so that nobody counts twice. */
  @Post()
  @Header('content-type', FHIR_JSON)
  @Access({ permission: 'audit.feed', record: { interaction: Interaction.CREATE, resource: 'AuditEvent', name: 'Feed access record' } })
  async create(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Caller() who: Principal,
    @Trail() trail: AccessTrail,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AuditEvent> {
    trail.purpose = 'HOPERAT';
    const { bodyText } = request;
    if (bodyText === undefined || typeof body !== 'object' || body === null || Array.isArray(body) || body instanceof MalformedBody) {
      throw new Fault('VALIDATION_ERROR', { diagnostics: 'Invalid request with error - the body must be an AuditEvent as JSON', expression: 'AuditEvent' });
    }
    if (Buffer.byteLength(bodyText) > LARGEST) throw new Fault('PAYLOAD_TOO_LARGE', { diagnostics: `An AuditEvent has ${LARGEST} bytes at most` });
    const { id, record } = await this.feed.take(who, body as Record<string, unknown>, bodyText, request.requestId);
    void reply.header('location', `${this.config.PUBLIC_URL}/audit/FHIR/R4/AuditEvent/${id}`);
    return originalOf(id, record);
  }
}
