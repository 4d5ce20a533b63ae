import { connect as open, createServer, type AddressInfo } from 'node:net';
import { Module } from '@nestjs/common';
import { closeService, createService, migrate, readConfig, StoreConfig, type ServiceDefinition } from '@carespine/service-kit';
import { aDatabase, CONTEXT_JWKS } from '@carespine/test-kit';

@Module({})
class EmptyModule {}
const service: ServiceDefinition = { name: 'example', module: EmptyModule, config: StoreConfig };

describe('a service whose database is not there yet', () => {
  it('waits for it, and then starts', async () => {
    const [database, eventLog] = await Promise.all([aDatabase('example'), aDatabase('event_log')]);
    const env = { PUBLIC_URL: 'http://127.0.0.1:8080', LOG_LEVEL: 'silent', CONTEXT_JWKS, PATIENT_KEY_SECRET: 'a secret of the tests, 32 bytes or more' };
    const config = readConfig(StoreConfig, { ...env, DATABASE_URL: database.url, EVENT_LOG_URL: eventLog.url });
    await migrate(service, config);

    const door = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => door.once('listening', listening));
    const { port } = door.address() as AddressInfo;
    await new Promise((closed) => door.close(closed));
    const url = new URL(database.url);
    const behind = Number(url.port);
    url.port = String(port);
    const starting = createService(service, readConfig(StoreConfig, { ...env, DATABASE_URL: url.href, EVENT_LOG_URL: eventLog.url }));

    const early = await Promise.race([starting.then(() => 'started'), new Promise((resolve) => setTimeout(() => resolve('waiting'), 300))]);
    const opened = createServer((socket) => void socket.pipe(open(behind, '127.0.0.1')).pipe(socket)).listen(port, '127.0.0.1');
    const app = await starting;
    expect(early).toBe('waiting');
    expect((await app.inject('/health/ready')).statusCode).toBe(200);
    await closeService(app);
    opened.close();
    await Promise.all([database.drop(), eventLog.drop()]);
  });
});
