import { Body, Controller, Get, HttpCode, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Public } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import { readConfig, ServiceConfig } from './config';
import { MalformedBody } from './requests';
import { closeService, createService } from './run-service';

@Controller()
class ExampleController {
  @Get('fault')
  @Public('a test')
  fault(): never {
    throw new Fault('INVALID_VALUE', { diagnostics: 'wrong', expression: 'Patient.name' });
  }

  @Get('broken')
  @Public('a test')
  broken(): never {
    throw new TypeError('secret detail');
  }

  @Post('body')
  @HttpCode(200)
  @Public('a test')
  body(@Body() body: unknown): { kind: string } {
    return { kind: body instanceof MalformedBody ? 'malformed' : Buffer.isBuffer(body) ? 'bytes' : typeof body };
  }
}
@Module({ controllers: [ExampleController] })
class ExampleModule {}

@Controller()
class UndeclaredController {
  @Get('open')
  open(): string {
    return 'to whom?';
  }
}
@Module({ controllers: [UndeclaredController] })
class UndeclaredModule {}

const config = readConfig(ServiceConfig, { PUBLIC_URL: 'http://127.0.0.1:8080', LOG_LEVEL: 'silent' });

describe('every service', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => {
    app = await createService({ name: 'example', module: ExampleModule, config: ServiceConfig }, config);
  });
  afterAll(() => closeService(app));

  it('does not start with a route that declares no permission', async () => {
    await expect(createService({ name: 'example', module: UndeclaredModule, config: ServiceConfig }, config)).rejects.toThrow('/open declares no known permission');
  });

  it.each(['live', 'ready', 'startup'])('answers /health/%s', async (probe) => expect((await app.inject(`/health/${probe}`)).statusCode).toBe(200));

  it('offers metrics and describes its interface', async () => {
    expect((await app.inject('/metrics')).body).toContain('http_server_request_duration_seconds');
    expect((await app.inject('/openapi.json')).json()).toMatchObject({ openapi: expect.stringContaining('3.') as string });
  });

  it('answers a fault with an OperationOutcome that names the element', async () => {
    const answer = await app.inject('/fault');
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([400, 'application/fhir+json']);
    expect(answer.json()).toMatchObject({ issue: [{ code: 'value', diagnostics: 'wrong', expression: ['Patient.name'] }] });
  });

  it('answers an address that cannot be read without repeating it', async () => {
    const answer = await app.inject('/fault/%zz');
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([400, 'application/fhir+json']);
    expect(answer.json()).toMatchObject({ issue: [{ details: { coding: [{ code: 'UNSUPPORTED_REQUEST' }] } }] });
    expect(answer.body).not.toContain('%zz');
  });

  it.each(['/fault', '/fault/%zz', '/none'])('says of %s, too, which request it answers', async (url) => {
    const headers = { 'x-request-id': 'c1ab3fba-6bae-4ba4-b257-5a87c44d4a91', 'x-correlation-id': 'a group' };
    expect((await app.inject({ url, headers })).headers).toMatchObject(headers);
  });

  it.each(['', 'é', 'x'.repeat(257)])('does not say again an X-Correlation-ID that no header can hold', async (given) =>
    expect((await app.inject({ url: '/fault', headers: { 'x-correlation-id': given } })).headers).not.toHaveProperty('x-correlation-id'));

  it('lets no detail of a defect out', async () => {
    const answer = await app.inject('/broken');
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('secret');
  });

  it.each([
    ['application/json', '{"a":1}', 'object'],
    ['application/json-patch+json', '{"a":', 'malformed'],
    ['application/json', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, 'malformed'],
    ['application/json', '{"__proto__":{"a":1}}', 'malformed'],
    ['text/plain', 'x', 'bytes'],
    ['json', '{}', 'bytes'],
    ['', '{}', 'bytes'],
    ['application/ json', '{}', 'bytes'],
  ])('hands over a body of %s', async (type, payload, kind) => {
    const answer = await app.inject({ method: 'POST', url: '/body', headers: { 'content-type': type }, payload });
    expect(answer.json()).toEqual({ kind });
  });

  it('refuses a body that is too large', async () => {
    const answer = await app.inject({ method: 'POST', url: '/body', headers: { 'content-type': 'application/json' }, payload: `"${'x'.repeat(1_100_000)}"` });
    expect([answer.statusCode, answer.json<{ resourceType: string }>().resourceType]).toEqual([413, 'OperationOutcome']);
  });
});
