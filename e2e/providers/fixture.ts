import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { Client } from 'pg';
import { AccessRecordedSchema, fromBinary, type AccessRecorded } from '@carespine/contracts';
import type { Principal } from '@carespine/access-control';
import { NameResolution } from '@carespine/record-locator-service/src/documents/provider-connections';
import { recordLocator } from '@carespine/record-locator-service/src/service';
import { aUser, contextOf, eventually, startService, type RunningService } from '@carespine/test-kit';
import { makeCertificates } from './certificates.mjs';
import { startProvider, type Provider } from './provider.mjs';

export const ASID = '200000000001';
/** Of the test range. */
export const NHS_NUMBER = '9990000018';
/** A provider on the internet, for tests that say where its name leads. */
export const PUBLIC_HOST = 'nrl-rqx02.supplier.thirdparty.nhs.uk';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
/** What providers verify audit tokens with. */
export const auditKeys = createLocalJWKSet({ keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'EdDSA' }] } as JSONWebKeySet);

export const portOf = (server: Server): number => (server.address() as AddressInfo).port;

export interface PointerFacts {
  /** Whole, or the path on the simulator. */
  url?: string;
  custodian?: string;
  contentType?: string;
  format?: string;
  mechanism?: string;
  asid?: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** Of an OperationOutcome. */
  code: string | undefined;
  diagnostics: string | undefined;
}

/** The record locator with a registry that knows the simulator, and what tests do with it. */
export class Retrievals {
  private constructor(
    readonly service: RunningService,
    readonly provider: Provider,
    /** Speaks HTTP without TLS. */
    readonly plain: Server,
    private readonly database: Client,
    private readonly eventLog: Client,
    private readonly folder: string,
  ) {}

  /** @param env settings that differ */
  static async start(env: Record<string, string> = {}): Promise<Retrievals> {
    const [certificates, strangers] = await Promise.all([makeCertificates(), makeCertificates()]);
    const provider = await startProvider({ certificates });
    const plain = createServer().listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const folder = mkdtempSync(join(tmpdir(), 'carespine-providers-'));
    const file = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const everything = ['Direct', 'SSP', 'LDR', 'InContext'];
    const simulator = { host: '127.0.0.1', port: provider.port, mechanisms: everything, asid: '300000000001', ca: certificates.ca, loopback: true };
    const contact = { telephone: '01632 960 001', email: 'records@hospice.example', hours: 'At any hour' };
    const registered = (odsCode: string, ...endpoints: object[]): object => ({ odsCode, name: `Example Provider ${odsCode}`, contact, endpoints });
    const service = await startService(recordLocator, {
      PROVIDERS_ON_LOOPBACK: 'true',
      PROVIDER_REGISTRY: file(
        'providers.json',
        JSON.stringify({
          providers: [
            registered('RQX01', simulator),
            registered('RQX02', { host: PUBLIC_HOST, mechanisms: everything }),
            registered('RQX03', { ...simulator, pins: ['AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='] }),
            registered('RQX04', { ...simulator, ca: strangers.ca }),
            registered('RQX05', { ...simulator, auditToken: 'unsigned' }),
            registered('RQX06', { ...simulator, port: 9 }),
            registered('RQX07', { ...simulator, mechanisms: ['Direct'], asid: undefined }),
            registered('RQX08', { ...simulator, mechanisms: ['SSP'], asid: undefined }),
            registered('RQX09', { ...simulator, host: 'localhost' }, simulator),
            registered('RQX11', { ...simulator, port: portOf(plain) }),
            registered('RQX10', { ...simulator, host: 'localhost' }, simulator),
          ],
        }),
      ),
      POINTER_PERMISSIONS: file(
        'permissions.json',
        JSON.stringify({
          permissions: [
            { application: '*', organisation: 'RZZ01', consumer: { access_controls: ['allow_all_types'] } },
            { application: '*', organisation: 'RZZ02', consumer: ['http://snomed.info/sct|1363501000000100'] },
            { application: 'tracing-app', organisation: 'RZZ03', consumer: { access_controls: ['allow_all_types'] } },
          ],
        }),
      ),
      SYSTEM_ASID: ASID,
      AUDIT_TOKEN_JWK: JSON.stringify({ ...privateKey.export({ format: 'jwk' }), alg: 'EdDSA' }),
      PROVIDER_CLIENT_CERTIFICATE: file('client.pem', certificates.client.cert),
      PROVIDER_CLIENT_KEY: file('client-key.pem', certificates.client.key),
      DOCUMENT_CONNECT_MS: '1000',
      DOCUMENT_FIRST_BYTE_MS: '5000',
      DOCUMENT_IDLE_MS: '1000',
      DOCUMENT_TOTAL_MS: '6000',
      DOCUMENT_LIMIT: '1000000',
      ...env,
    });
    const clients = [new Client({ connectionString: service.databaseUrl }), new Client({ connectionString: service.eventLogUrl })] as const;
    await Promise.all(clients.map((client) => client.connect()));
    return new Retrievals(service, provider, plain, ...clients, folder);
  }

  async stop(): Promise<void> {
    await Promise.all([this.database.end(), this.eventLog.end()]);
    await this.service.stop();
    await this.provider.close();
    this.plain.close();
    rmSync(this.folder, { recursive: true });
  }

  /** Lets a name lead where the test says: one list an answer, the last for good. */
  resolve(...answers: { address: string; family: number }[][]): jest.SpyInstance {
    const spy = jest.spyOn(this.service.app.get(NameResolution), 'resolve');
    for (const answer of answers.slice(0, -1)) spy.mockResolvedValueOnce(answer);
    return spy.mockResolvedValue(answers.at(-1) ?? []);
  }

  /** No access record can be written meanwhile. */
  async withoutOutbox(work: () => Promise<void>): Promise<void> {
    await this.database.query('ALTER TABLE outbox RENAME TO away');
    try {
      await work();
    } finally {
      await this.database.query('ALTER TABLE away RENAME TO outbox');
    }
  }

  /** Codes of what could not be had, as custodians see them. */
  async failures(): Promise<string[]> {
    const { rows } = await this.database.query<{ code: string }>('SELECT code FROM retrieval_failures');
    return rows.map(({ code }) => code);
  }

  /** Lets so many days pass for the failures that are kept. */
  async age(days: number): Promise<void> {
    await this.database.query("UPDATE retrieval_failures SET failed_at = failed_at - make_interval(days => $1)", [days]);
  }

  /** @returns its id */
  async pointer(...contents: PointerFacts[]): Promise<string> {
    const { custodian = 'RQX01', asid } = contents[0] ?? {};
    const id = `${custodian}-${randomUUID()}`;
    const record = {
      resourceType: 'DocumentReference',
      id,
      status: 'current',
      type: { coding: [{ system: 'http://snomed.info/sct', code: '861421000000109', display: 'End of life care coordination summary' }] },
      category: [{ coding: [{ system: 'http://snomed.info/sct', code: '734163000', display: 'Care plan' }] }],
      subject: { identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: NHS_NUMBER } },
      date: '2026-11-01T09:00:00Z',
      author: [{ identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: custodian } }],
      custodian: { identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: custodian } },
      content: contents.map((facts) => this.contentOf(facts)),
      context: {
        practiceSetting: { coding: [{ system: 'http://snomed.info/sct', code: '310073009', display: 'Palliative care service' }] },
        ...(asid && { related: [{ identifier: { system: 'https://fhir.nhs.uk/Id/nhsSpineASID', value: asid } }] }),
      },
    };
    await this.database.query('INSERT INTO pointers (id, nhs_number, type, custodian, date, record) VALUES ($1, $2, $3, $4, $5, $6)', [
      id,
      NHS_NUMBER,
      '861421000000109',
      custodian,
      record.date,
      JSON.stringify(record),
    ]);
    return id;
  }

  private contentOf({ url = '/documents/end-of-life-care-plan.pdf', contentType = 'application/pdf', format = 'urn:nhs-ic:unstructured', mechanism }: PointerFacts): object {
    const coded = (of: string, code: string): object => ({
      url: `https://fhir.nhs.uk/England/StructureDefinition/Extension-England-${of}`,
      valueCodeableConcept: { coding: [{ code }] },
    });
    return {
      attachment: { contentType, url: url.startsWith('/') ? this.provider.origin + url : url },
      format: { system: 'https://fhir.nhs.uk/England/CodeSystem/England-NRLFormatCode', code: format },
      extension: [coded('ContentStability', 'static'), ...(mechanism ? [coded('NRLRetrievalMechanism', mechanism)] : [])],
    };
  }

  /** Asks as the portal does. */
  async ask(id: string, { query = '', who = aUser(), method = 'GET', headers = {} as Record<string, string> } = {}): Promise<Response> {
    return fetch(this.addressOf(id, query), { method, headers: { ...(await contextOf(who)), ...headers } });
  }

  /** Begins to receive a document, for the caller to leave; fetch would keep a connection in reserve. */
  async begin(id: string): Promise<{ status: number | undefined; leave: () => void }> {
    const headers = await contextOf(aUser());
    return new Promise((resolve, reject) => {
      const asking = get(this.addressOf(id), { headers, agent: false }, (response) => {
        response.resume().on('error', () => undefined);
        resolve({ status: response.statusCode, leave: () => void asking.destroy() });
      }).on('error', reject);
    });
  }

  addressOf(id: string, query = ''): string {
    return `${this.service.url}/record-locator/consumer/FHIR/R4/DocumentReference/${id}/$retrieve${query}`;
  }

  /** Makes a pointer, asks for its document and reads the answer to its end. */
  async retrieve(facts: PointerFacts = {}, asking: Parameters<Retrievals['ask']>[1] = {}): Promise<Answer> {
    const response = await this.ask(await this.pointer(facts), asking);
    const text = await response.text();
    const outcome = text.startsWith('{') ? (JSON.parse(text) as { issue?: { details: { coding: { code: string }[] }; diagnostics?: string }[] }) : {};
    const issue = outcome.issue?.[0];
    return { status: response.status, headers: response.headers, text, code: issue?.details.coding[0]?.code, diagnostics: issue?.diagnostics };
  }

  /** The access records of a caller, once there are so many. */
  async recordsOf({ userId }: Pick<Principal, 'userId'>, count: number): Promise<AccessRecorded[]> {
    return eventually(async () => {
      const { rows } = await this.eventLog.query<{ payload: Buffer }>("SELECT payload FROM event_log WHERE topic = 'audit.access.v1' ORDER BY position");
      const records = rows.map(({ payload }) => fromBinary(AccessRecordedSchema, payload)).filter(({ agent }) => agent?.userId === userId);
      expect(records).toHaveLength(count);
      return records;
    });
  }
}
