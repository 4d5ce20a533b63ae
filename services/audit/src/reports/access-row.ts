import { Interaction, timestampMs } from '@carespine/contracts';
import type { FoundAccess } from '../accesses/access-search';
import { OUTCOME_CODES } from '../accesses/access-store';

/** One access as an officer reads it. */
export interface AccessRow {
  id: string;
  leafIndex: number;
  recorded: string;
  user?: { userId: string; name: string; jobRoleName: string; roleProfileId: string };
  organisation: { odsCode: string; name: string };
  client: { name: string; productId: string };
  nhsNumber?: string;
  /** FHIR restful-interaction, or the act of identity in the same spelling. */
  interaction: string;
  interactionName: string;
  service: string;
  resource?: string;
  version?: string;
  /** FHIR AuditEventOutcome: 0, 4, 8 or 12. */
  outcome: string;
  outcomeDescription?: string;
  purpose?: string;
  query?: string;
  address?: string;
}

/** `SIGN_IN` → `sign-in` */
export const interactionCode = (interaction: Interaction): string => (Interaction[interaction] ?? 'UNSPECIFIED').toLowerCase().replaceAll('_', '-');

export function accessRowOf({ id, leafIndex, record }: FoundAccess): AccessRow {
  const { agent } = record;
  return {
    id,
    leafIndex,
    recorded: new Date(record.recorded ? timestampMs(record.recorded) : 0).toISOString(),
    ...(agent?.userId && { user: { userId: agent.userId, name: agent.userName, jobRoleName: agent.jobRoleName, roleProfileId: agent.roleProfileId } }),
    organisation: { odsCode: agent?.odsCode ?? '', name: agent?.organisationName ?? '' },
    client: { name: agent?.clientName ?? '', productId: agent?.productId ?? '' },
    ...(record.nhsNumber && { nhsNumber: record.nhsNumber }),
    interaction: interactionCode(record.interaction),
    interactionName: record.interactionName,
    service: record.service,
    ...(record.resourceType && { resource: record.resourceType }),
    ...(record.resourceVersion && { version: record.resourceVersion }),
    outcome: String(OUTCOME_CODES[record.outcome]),
    ...(record.outcomeDescription && { outcomeDescription: record.outcomeDescription }),
    ...(record.purpose && { purpose: record.purpose }),
    ...(record.query && { query: record.query }),
    ...(record.clientAddress && { address: record.clientAddress }),
  };
}
