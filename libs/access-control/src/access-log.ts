import { AccessRecordedSchema, create, Interaction, Outcome, timestampFromMs, toBinary, type MessageInitShape, type AgentSchema } from '@carespine/contracts';
import { newEvent, type Outbox, type PatientKey } from '@carespine/events';
import type { Opened } from './access-trail';
import type { Principal } from './principal';

/** What happened, but for whom it concerned. */
export interface AccessFacts {
  interaction: Interaction;
  /** In words, e.g. `Retrieve patient`. */
  name: string;
  outcome: Outcome;
  /** Free of personal data. */
  outcomeDescription?: string;
  /** FHIR type; absent for sign-ins and tokens. */
  resource?: string;
  /** Its logical id, where its patient does not name it. */
  resourceId?: string;
  /** Who asked; absent when nobody was authenticated. What little is known may be given instead. */
  agent?: Principal | MessageInitShape<typeof AgentSchema>;
  query?: string;
  /** Of a search: method and path as they came. */
  request?: string;
  purpose?: string;
  requestId: string;
  correlationId?: string;
  traceparent?: string;
  submittedOrganisation?: string;
  clientAddress?: string;
}

/** Writes access records into the service's outbox. */
export class AccessLog {
  /** The bytes of a record's agent, made once a principal: protobuf messages merge by concatenation. */
  private readonly agents = new WeakMap<object, Uint8Array>();

  constructor(
    private readonly service: string,
    private readonly outbox: Outbox,
    private readonly patientKey: PatientKey,
  ) {}

  /** Resolves when the records, one a patient (or one without), are durable. No record, no answer. */
  record(facts: AccessFacts, opened: readonly Opened[]): Promise<void> {
    const now = Date.now();
    const rest = {
      recorded: timestampFromMs(now),
      service: this.service,
      interaction: facts.interaction,
      interactionName: facts.name,
      outcome: facts.outcome,
      outcomeDescription: facts.outcomeDescription,
      resourceType: facts.resource,
      resourceId: facts.resourceId,
      query: facts.query,
      request: facts.request,
      purpose: facts.purpose,
      requestId: facts.requestId,
      correlationId: facts.correlationId,
      traceId: facts.traceparent?.slice(3, 35),
      submittedOrganisation: facts.submittedOrganisation,
      clientAddress: facts.clientAddress,
    };
    const agent = facts.agent ? this.bytesOf(facts.agent) : NOTHING;
    const patients = opened.length > 0 ? opened : NO_PATIENT;
    const events = patients.map(({ nhsNumber, version, sameHousehold }) =>
      newEvent({
        topic: 'audit.access.v1',
        type: AccessRecordedSchema.typeName,
        key: this.patientKey.of(nhsNumber || facts.requestId),
        occurredAt: new Date(now),
        traceparent: facts.traceparent ?? '',
        payload: Buffer.concat([
          toBinary(AccessRecordedSchema, create(AccessRecordedSchema, { ...rest, nhsNumber, resourceVersion: version, sameHousehold })),
          agent,
        ]),
      }),
    );
    return this.outbox.append(events);
  }

  private bytesOf(agent: NonNullable<AccessFacts['agent']>): Uint8Array {
    let bytes = this.agents.get(agent);
    if (!bytes) {
      bytes = toBinary(AccessRecordedSchema, create(AccessRecordedSchema, { agent: 'client' in agent ? agentOf(agent) : agent }));
      this.agents.set(agent, bytes);
    }
    return bytes;
  }
}

const NOTHING = new Uint8Array();
const NO_PATIENT: readonly Opened[] = [{ nhsNumber: '' }];

function agentOf(who: Principal): MessageInitShape<typeof AgentSchema> {
  return {
    userId: who.userId,
    userName: who.name,
    roleProfileId: who.role?.id,
    jobRole: who.role?.jobRole,
    jobRoleName: who.role?.name,
    odsCode: who.organisation.odsCode,
    organisationName: who.organisation.name,
    clientId: who.client.id,
    clientName: who.client.name,
    productId: who.client.productId,
    accessMode: who.mode,
    authenticationAssuranceLevel: who.aal,
    tokenId: who.tokenId,
    sessionId: who.session?.id,
  };
}
