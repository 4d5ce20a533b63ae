import { telemetry, metricsExporter } from './telemetry';
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { throwError, type Observable } from 'rxjs';
import { AccessLog, anyPermissionOf, ContextVerifier } from '@carespine/access-control';
import { EventServer, Outbox, prepareEventLog, Relay, type EventLog } from '@carespine/events';
import { ConfigError, readConfig, ServiceConfig, StoreConfig } from './config';
import { Database, dataSourceOf } from './database';
import { watchLag, watchOutbox } from './events';
import { Readiness } from './health.controller';
import { isTooDeep } from './json-depth';
import { makeLog, NestLog, type Log } from './log';
import { answerFault, guardRequests, MalformedBody, refuseAddress } from './requests';
import type { ServiceDefinition } from './service-definition';
import { EVENT_LOG, LOG, ServiceKitModule } from './service-kit.module';

/**
 * All of a service's `main.ts`: `migrate` as the first argument brings the database up to date (as its owner) and ends;
 * otherwise the service starts, and stops gracefully on SIGTERM, SIGINT or when its launcher is gone.
 */
export async function runService(service: ServiceDefinition): Promise<void> {
  let log = makeLog(service.name, 'info');
  try {
    const config = readConfig(service.config, process.env);
    if (process.argv[2] === 'migrate') return await migrate(service, config);
    log = makeLog(service.name, config.LOG_LEVEL);
    const endWithLauncher = (): never => process.exit(1);
    process.once('disconnect', endWithLauncher); // while it still waits for its database
    const app = await createService(service, config);
    process.off('disconnect', endWithLauncher);
    await app.listen(config.PORT, config.HOST);
    log.info({ port: config.PORT }, 'service.started');
    stopOn(['SIGTERM', 'SIGINT'], app, config, log);
  } catch (error) {
    if (error instanceof ConfigError) log.fatal(error.message);
    else log.fatal({ err: error }, 'service.cannot-start');
    process.exit(1);
  }
}

/** The service, ready to listen; with it, its relay and its consumers. */
export async function createService(service: ServiceDefinition, config: ServiceConfig): Promise<NestFastifyApplication> {
  let accessLog: AccessLog | undefined;
  const adapter = new FastifyAdapter({
    bodyLimit: config.BODY_LIMIT,
    routerOptions: { maxParamLength: 4096 },
    return503OnClosing: true,
    keepAliveTimeout: 75_000,
    http: { maxHeaderSize: 32_768 },
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) => void refuseAddress(request.raw, reply, accessLog, service.faultAs),
  });
  const module = await ServiceKitModule.of(service, config);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLog(makeLog(service.name, config.LOG_LEVEL)),
    bodyParser: false,
    abortOnError: false,
  });
  const log = app.get<Log>(LOG);
  const contexts = config.CONTEXT_JWKS ? app.get(ContextVerifier) : undefined;
  if (config instanceof StoreConfig) accessLog = app.get(AccessLog);
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  guardRequests(fastify, { log, contexts, accessLog, faultAs: service.faultAs });
  parseBodies(fastify);
  fastify.route({
    method: 'GET',
    url: '/metrics',
    config: { access: { public: 'counts and times for Prometheus; holds nothing of anybody' } },
    handler: (request, reply) => {
      reply.hijack();
      metricsExporter.getMetricsRequestHandler(request.raw, reply.raw);
    },
  });
  app.useGlobalFilters(new AnswerFaults(log, service.faultAs));
  await service.configure?.(app);
  documentApi(app, service, fastify);

  if (config instanceof StoreConfig) {
    const [events, relay] = [app.get(EventServer), app.get(Relay)];
    app.connectMicroservice({ strategy: events }, { inheritAppConfig: true });
    await app.startAllMicroservices();
    watchOutbox(app.get(Database).pool);
    watchLag(app.get<EventLog>(EVENT_LOG), events.topics);
    app.get(Outbox).whenCommitted(() => relay.ring());
    relay.start();
  }
  await app.init();
  await fastify.ready();
  return app;
}

/** Ends a service: open requests first, then what they filled. */
export async function closeService(app: NestFastifyApplication): Promise<void> {
  app.get(Readiness).draining = true;
  await app.close();
  const { relay, eventLog, database } = storeOf(app);
  await relay?.stop();
  await eventLog?.close();
  await database?.source.destroy();
}

/** Nothing, for a service without a database. */
function storeOf(app: NestFastifyApplication): { relay?: Relay; eventLog?: EventLog; database?: Database } {
  const config = app.get<ServiceConfig>(ServiceConfig);
  return config instanceof StoreConfig ? { relay: app.get(Relay), eventLog: app.get<EventLog>(EVENT_LOG), database: app.get(Database) } : {};
}

export async function migrate(service: ServiceDefinition, config: ServiceConfig): Promise<void> {
  if (!(config instanceof StoreConfig)) return;
  await prepareEventLog(config);
  const source = await dataSourceOf(service, { ...config, STATEMENT_TIMEOUT_MS: 0 }).initialize(); // a migration takes what it takes
  await source.runMigrations({ transaction: 'each' });
  await source.destroy();
}

/** JSON in all its media types; anything else reaches the handler as bytes, for it to refuse. */
function parseBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  void fastify.addContentTypeParser<string>(/^application\/([a-z0-9.+-]+\+)?json/i, { parseAs: 'string' }, (request, body, done) => {
    request.bodyText = body;
    if (isTooDeep(body)) return done(null, new MalformedBody());
    void parseJson(request, body, (error, value) => done(null, error ? new MalformedBody() : value));
  });
  void fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

function documentApi(app: NestFastifyApplication, service: ServiceDefinition, fastify: FastifyInstance): void {
  const title = `Carespine ${service.name}`;
  let document: string | undefined;
  const permissions = new Map<string, readonly string[]>();
  fastify.addHook('onRoute', ({ method, url, config }) => {
    const access = config?.access;
    if (access && 'rule' in access) for (const one of [method].flat()) permissions.set(`${one.toLowerCase()} ${url.replace(/:(\w+)/g, '{$1}')}`, anyPermissionOf(access.rule));
  });
  const describe = (): string => {
    const described = SwaggerModule.createDocument(app, new DocumentBuilder().setTitle(title).setVersion('1').addBearerAuth().build());
    for (const [path, item] of Object.entries(described.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        const anyOf = permissions.get(`${method} ${path}`);
        if (anyOf) Object.assign(operation as object, { 'x-any-permission': anyOf });
      }
    }
    return JSON.stringify(described);
  };
  fastify.route({
    method: 'GET',
    url: '/openapi.json',
    config: { access: { public: 'describes the interface; holds no data' } },
    handler: (_request, reply) => {
      document ??= describe();
      return reply.type('application/json').send(document);
    },
  });
}

@Catch()
class AnswerFaults implements ExceptionFilter {
  constructor(
    private readonly log: Log,
    private readonly faultAs: ServiceDefinition['faultAs'],
  ) {}

  catch(error: unknown, host: ArgumentsHost): Observable<never> | void {
    // Nest would hide what went wrong in an event handler; the consumer must know
    if (host.getType() === 'rpc') return throwError(() => error);
    const http = host.switchToHttp();
    answerFault(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>(), this.log, this.faultAs);
  }
}

function stopOn(signals: NodeJS.Signals[], app: NestFastifyApplication, config: ServiceConfig, log: Log): void {
  let stopping = false;
  const stop = async (reason: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ reason }, 'service.stopping');
    setTimeout(() => process.exit(1), config.DRAIN_MS + 2000).unref();
    await closeService(app).catch((error: unknown) => log.error({ err: error }, 'service.stop-failed'));
    await telemetry.shutdown().catch(() => undefined);
    process.exit(0);
  };
  for (const signal of signals) process.once(signal, () => void stop(signal));
  if (process.send) process.once('disconnect', () => void stop('launcher gone'));
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled-rejection'));
}
