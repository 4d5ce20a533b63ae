import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { anyPermissionOf } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiClient, ApiRefused, ApiUnavailable, onwardOf } from '../apis/api-client';
import { PortalConfig } from '../config';
import { ReferenceRefused } from '../references/sealed-references';
import { Pages } from './pages';

/** What a permission lets somebody do, for a page that says that it is missing. */
const CAPABILITIES: Record<string, string> = {
  'demographics.trace': 'search for patients',
  'demographics.read': 'see patient details',
  'demographics.update': 'change patient details',
  'pointers.search': 'see which records are held elsewhere',
  'pointers.retrieve': 'open records that are held elsewhere',
  'pointers.produce': 'see the pointers of your organisation',
  'admin.organisation-settings': 'change the settings of your organisation',
  'audit.reports': 'see who looked at records',
  'audit.sar': 'answer subject access requests',
};

/** Turns everything that goes wrong into a page that says what to do next. */
@Catch()
export class PageErrors implements ExceptionFilter {
  private readonly logger = new Logger(PageErrors.name);

  constructor(
    private readonly pages: Pages,
    private readonly client: ApiClient,
    private readonly config: PortalConfig,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { request } = reply;
    if (error instanceof ReferenceRefused) return this.pages.show(reply, 'problems/link-expired', {}, 404);
    if (error instanceof ApiUnavailable) return this.pages.show(reply, 'problems/unavailable', { api: error.api }, 503);
    const status = statusOf(error);
    if (status === 401) return void reply.header('cache-control', 'no-store').redirect(`/auth/login?returnTo=${returnTo(request)}`, 302);
    if (status === 403) return void this.forbidden(reply, error);
    if (status === 404) return this.pages.show(reply, 'problems/not-found', {}, 404);
    if (status >= 400 && status < 500) {
      // an address may hold anything; but a form of ours should have been checked before the API saw it
      if (error instanceof ApiRefused) this.logger.warn({ event: 'page.refused', route: request.routeOptions.url, api: error.api, code: error.code });
      return this.pages.show(reply, 'problems/bad-request', {}, status);
    }
    this.logger.error({ event: 'page.failed', route: request.routeOptions.url, error: error instanceof Error ? error.stack : 'unknown' });
    if (status === 503) return this.pages.show(reply, 'problems/unavailable', {}, 503);
    this.pages.show(reply, 'problems/failed', {}, 500);
  }

  /** What an API refused it has recorded; what the portal itself refuses, the audit service records before the page is shown. */
  private async forbidden(reply: FastifyReply, error: unknown): Promise<void> {
    const { who } = reply.request.access;
    const { access } = reply.request.routeOptions.config;
    const permissions = access && 'rule' in access ? anyPermissionOf(access.rule) : [];
    if (!(error instanceof ApiRefused) && permissions.some((one) => who?.stepUp.has(one))) {
      return void reply.header('cache-control', 'no-store').redirect(`/auth/step-up?returnTo=${returnTo(reply.request)}`, 302);
    }
    if (!(error instanceof ApiRefused) && who?.userId !== undefined && permissions[0] !== undefined) {
      const url = `${this.config.services.audit}/audit/v1/page-refusals?permission=${permissions[0]}`;
      try {
        await this.client.call('Audit', url, onwardOf(reply.request), { method: 'POST' });
      } catch {
        return this.pages.show(reply, 'problems/unavailable', { api: 'Audit' }, 503); // no record, no answer
      }
    }
    this.pages.show(reply, 'problems/no-permission', { capability: CAPABILITIES[permissions[0] ?? ''], noRole: who && !who.role }, 403);
  }
}

/** Every address that takes a form also answers GET, so a return after signing in always finds a page. */
const returnTo = (request: FastifyRequest) => encodeURIComponent(request.url.split('?', 1)[0] ?? '/');

function statusOf(error: unknown): number {
  if (error instanceof Fault || error instanceof ApiRefused) return error.status;
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  return typeof status === 'number' ? status : 500;
}
