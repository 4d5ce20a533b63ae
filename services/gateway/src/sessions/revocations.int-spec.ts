import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Client } from 'pg';
import { pino } from 'pino';
import { Database, type Log } from '@carespine/service-kit';
import { aDatabase, type TestDatabase } from '@carespine/test-kit';
import { GatewayConfig } from '../config';
import { Clock } from './clock';
import { Revocations, type Revoked } from './revocations';

/** Stands between a client and the server; falls silent on demand, as a network does that lost its way. */
class Wire {
  private readonly sockets: Socket[] = [];
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async to(target: string): Promise<Wire> {
    const { hostname, port } = new URL(target);
    const wires: Wire[] = [];
    const server = createServer((near) => {
      const far = connect(Number(port), hostname);
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.pipe(far).pipe(near);
      wires[0]?.sockets.push(near, far);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(target);
    url.port = String((server.address() as AddressInfo).port);
    wires.push(new Wire(server, url.href));
    return wires[0] as Wire;
  }

  fallSilent(): void {
    for (const socket of this.sockets.splice(0)) socket.unpipe().pause();
  }

  async cut(): Promise<void> {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

let database: TestDatabase;
let wire: Wire;
let revocations: Revocations;
let heard: Revoked[];

beforeEach(async () => {
  database = await aDatabase('revocations');
  wire = await Wire.to(database.url);
  const config = Object.assign(new GatewayConfig(), { DATABASE_URL: wire.url });
  revocations = new Revocations({} as Database, config, new Clock(), pino({ level: 'silent' }) as Log);
  heard = [];
  revocations.onRevoked((revoked) => heard.push(revoked));
  await revocations.onModuleInit();
});

afterEach(async () => {
  await wire.cut();
  await revocations.onModuleDestroy();
  await database.drop();
});

async function hears(revoked: Revoked): Promise<void> {
  const deadline = Date.now() + 2000;
  while (!heard.some((one) => JSON.stringify(one) === JSON.stringify(revoked))) {
    if (Date.now() > deadline) throw new Error(`did not hear ${JSON.stringify(revoked)} within 2 s`);
    await new Promise(setImmediate);
  }
  heard.length = 0;
}

async function announce(sessionId: string): Promise<void> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await revocations.announceSession(sessionId, client);
  await client.end();
}

describe('identity and access: revocation takes effect within 2 s everywhere', () => {
  it('hears what ended', async () => {
    await announce('one');
    await hears({ sessionId: 'one' });
  });

  it('trusts nothing remembered when the connection falls silent, and hears again over a new one', async () => {
    await hears('anything');
    wire.fallSilent();
    await hears('anything');
    await hears('anything');
    await announce('two');
    await hears({ sessionId: 'two' });
  });

  it('trusts nothing remembered, again and again, while there is no connection', async () => {
    await hears('anything');
    await wire.cut();
    for (let i = 0; i < 3; i++) await hears('anything');
  });
});
