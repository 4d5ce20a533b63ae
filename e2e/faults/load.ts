import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Patient } from '@carespine/fhir';
import { BASE } from '../api/supplier';
import type { TestPatient } from '../patients';

/** One request of the load, with everything that was tried to have it answered. */
export interface Sent {
  requestId: string;
  nhsNumber: string;
  attempts: number;
  isAnswered: boolean;
  /** Of an update: the phone number that it sets. */
  value?: string;
}

/** An answer that is neither success nor the end of the connection. */
export interface Refusal {
  status: number;
  retryAfter: string | null;
  body: string;
}

const READERS = 4;
/** A moment between two attempts; without it a service that is down would be asked thousands of times. */
const PAUSE_MS = 50;

/** Concurrent retrievals, and updates with one writer a patient, which repeats each update until it is acknowledged. */
export class Load {
  readonly sent: Sent[] = [];
  readonly refusals: Refusal[] = [];
  brokenConnections = 0;
  private stopping = false;
  private readonly work: Promise<void>[];

  constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly patients: readonly TestPatient[],
  ) {
    this.work = [...patients.map((patient) => this.update(patient)), ...Array.from({ length: READERS }, (_, reader) => this.retrieve(reader))];
  }

  /** Resolves when every update is acknowledged. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.work);
  }

  /** Updates that were acknowledged to a patient, in order. */
  acknowledged(nhsNumber: string): string[] {
    return this.sent.flatMap((one) => (one.nhsNumber === nhsNumber && one.isAnswered && one.value ? [one.value] : []));
  }

  get answered(): number {
    return this.sent.filter(({ isAnswered }) => isAnswered).length;
  }

  private async retrieve(reader: number): Promise<void> {
    for (let turn = reader; !this.stopping; turn++) {
      const { id } = this.patients[turn % this.patients.length] as TestPatient;
      const sent = this.begin(id);
      await this.attempt(sent, {});
      if (!sent.isAnswered) await delay(PAUSE_MS);
    }
  }

  private async update({ id }: TestPatient): Promise<void> {
    let version = await this.versionOf(id);
    for (let count = 0; !this.stopping; count++) {
      const value = `07700${String(version).padStart(6, '0')}`;
      const sent = this.begin(id, value);
      const patches = [{ op: 'replace', path: '/telecom/0', value: { id: 'T1', system: 'phone', use: 'mobile', value, period: { start: '2015-06-01' } } }];
      while (!sent.isAnswered) {
        const patient = await this.attempt(sent, {
          method: 'PATCH',
          headers: { 'content-type': 'application/json-patch+json', 'if-match': `W/"${version}"` },
          body: JSON.stringify({ patches }),
        });
        if (patient) version = Number(patient.meta?.versionId);
        else await delay(PAUSE_MS);
      }
    }
  }

  private async versionOf(nhsNumber: string): Promise<number> {
    for (;;) {
      const patient = await this.attempt(this.begin(nhsNumber), {});
      if (patient) return Number(patient.meta?.versionId);
      await delay(PAUSE_MS);
    }
  }

  private begin(nhsNumber: string, value?: string): Sent {
    const sent: Sent = { requestId: randomUUID(), nhsNumber, attempts: 0, isAnswered: false, ...(value && { value }) };
    this.sent.push(sent);
    return sent;
  }

  private async attempt(sent: Sent, init: RequestInit): Promise<Patient | undefined> {
    sent.attempts++;
    const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${this.token}`, 'x-request-id': sent.requestId };
    try {
      const answer = await fetch(`${this.url}${BASE}/Patient/${sent.nhsNumber}`, { ...init, headers, signal: AbortSignal.timeout(20_000) });
      const body = await answer.text();
      if (answer.ok) {
        const patient = JSON.parse(body) as Patient;
        sent.isAnswered = true;
        return patient;
      }
      this.refusals.push({ status: answer.status, retryAfter: answer.headers.get('retry-after'), body });
    } catch {
      this.brokenConnections++;
    }
    return undefined;
  }
}
