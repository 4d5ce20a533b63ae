import { randomUUID } from 'node:crypto';
import { AccessRecordedSchema, create, Interaction, Outcome, timestampFromDate, toBinary, type AgentSchema, type MessageInitShape } from '@carespine/contracts';
import type { Principal } from '@carespine/access-control';
import { newEvent, Outbox } from '@carespine/events';
import { aUser, contextOf, eventually, type RunningService } from '@carespine/test-kit';
import type { Alert, AlertSummary } from '../alert';
import type { AlertPage } from '../alert-desk.service';

type Recorded = Omit<MessageInitShape<typeof AccessRecordedSchema>, 'recorded' | 'agent' | '$typeName'> & { recorded?: Date; agent?: MessageInitShape<typeof AgentSchema> };

const AGENT = { userId: '555000000501', userName: 'Ada Nurse', roleProfileId: '555000001501', jobRole: 'R8001', jobRoleName: 'Nurse Access Role', odsCode: 'RZZ01', organisationName: 'Example Trust', clientId: 'carespine-portal' };

/** Access records as services write them: through an outbox, the log, and the store. State only what matters. */
export async function record(service: RunningService, ...acts: Recorded[]): Promise<void> {
  await service.app.get(Outbox).append(
    acts.map(({ recorded = new Date(), agent, ...facts }) =>
      newEvent({
        topic: 'audit.access.v1',
        type: AccessRecordedSchema.typeName,
        key: 'key',
        payload: toBinary(
          AccessRecordedSchema,
          create(AccessRecordedSchema, {
            service: 'demographics',
            interaction: Interaction.READ,
            interactionName: 'Retrieve patient',
            outcome: Outcome.SUCCESS,
            nhsNumber: '9000000009',
            purpose: 'TREAT',
            requestId: randomUUID(),
            ...facts,
            recorded: timestampFromDate(recorded),
            agent: { ...AGENT, ...agent },
          }),
        ),
      }),
    ),
  );
}

export const OFFICER = aUser({ activityCodes: ['B0264', 'B0011', 'B0015', 'B0016'], jobRole: 'R0001', userId: '555000000901', name: 'Olive Officer' });
export const OTHER_OFFICER = aUser({ activityCodes: ['B0264', 'B0011', 'B0015', 'B0016'], jobRole: 'R0001', userId: '555000000902', name: 'Otto Officer' });
export const THE_GUARDIAN = aUser({ activityCodes: ['B0264', 'B0011'], jobRole: 'R5105', userId: '555000000903', name: 'Gwen Guardian' });

/** The desk's API, as one of its callers. */
export class Desk {
  constructor(
    private readonly service: RunningService,
    private readonly who: Principal = OFFICER,
  ) {}

  async call<T>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
    const answer = await fetch(`${this.service.url}/audit/v1${path}`, {
      method,
      headers: { ...(await contextOf(this.who)), ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as T };
  }

  async list(query = ''): Promise<AlertPage> {
    return (await this.call<AlertPage>('GET', `/alerts?_count=100&${query}`)).body;
  }

  async read(reference: string): Promise<Alert> {
    return (await this.call<Alert>('GET', `/alerts/${reference}`)).body;
  }

  step(reference: string, body: unknown): Promise<{ status: number; body: Alert }> {
    return this.call<Alert>('POST', `/alerts/${reference}/steps`, body);
  }

  /** The alerts of one rule about one user, once there are as many. */
  alertsOf(rule: string, userId: string, count = 1): Promise<Alert[]> {
    return eventually(async () => {
      const { alerts } = await this.list(`rule=${rule}`);
      const found = (await Promise.all(alerts.map(({ reference }) => this.read(reference)))).filter(({ user }) => user?.userId === userId);
      if (found.length !== count) throw new Error(`${found.length} alerts of ${rule} about ${userId}, not ${count}`);
      return found;
    }, 10_000);
  }

  async alertOf(rule: string, userId: string): Promise<Alert> {
    const [alert] = await this.alertsOf(rule, userId);
    if (!alert) throw new Error('none');
    return alert;
  }
}

export type { AlertSummary };
