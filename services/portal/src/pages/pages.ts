import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { formatNhsNumber } from '@carespine/fhir';
import type { FastifyReply } from 'fastify';
import { Environment, FileSystemLoader } from 'nunjucks';
import type { ApiFile } from '../apis/api-client';
import { PortalConfig } from '../config';
import { navigationOf } from './navigation';
import { ASSETS_PATH, HOME, NHSUK_FRONTEND } from './assets';
import { dateInWords } from './words';

/** What a page needs besides what every page may. */
interface Allowance {
  /** Origin that a form of the page posts to. */
  formTo?: string;
  /** The page frames another of ours. */
  frames?: boolean;
  /** The page stands in a frame of ours. */
  framed?: boolean;
}

/**
 * No inline script or style, nothing from elsewhere, in no frame.
 *
 * @param formTarget where a form may be redirected to besides us: browsers hold the redirects of a post to `form-action`, and
 *   signing out ends at the identity provider
 */
const headers = (formTarget: string, { formTo, frames = false, framed = false }: Allowance = {}) => ({
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; " +
    `${frames ? "frame-src 'self'; " : ''}form-action 'self' ${[formTarget, formTo].filter(Boolean).join(' ')}; base-uri 'none'; ` +
    `frame-ancestors ${framed ? "'self'" : "'none'"}`,
  'x-content-type-options': 'nosniff',
  'x-frame-options': framed ? 'SAMEORIGIN' : 'DENY',
  'referrer-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
});

/** Draws the pages: `views/` over nhsuk-frontend's own templates. */
@Injectable()
export class Pages {
  private readonly views: Environment;
  private readonly headers: Record<string, string>;
  private readonly formTarget: string;

  constructor(config: PortalConfig) {
    this.formTarget = config.IDENTITY_ORIGIN ?? new URL(config.PUBLIC_URL).protocol;
    this.headers = headers(this.formTarget);
    const loader = new FileSystemLoader([join(HOME, 'views'), NHSUK_FRONTEND]);
    this.views = new Environment(loader, { autoescape: true, trimBlocks: true, lstripBlocks: true });
    this.views.addFilter('nhsNumber', formatNhsNumber);
    this.views.addFilter('dateInWords', dateInWords);
  }

  /** @param view path below `views/`, without `.njk` */
  show(reply: FastifyReply, view: string, data: object = {}, status = 200, allowed?: Allowance): void {
    const { who } = reply.request.access;
    const path = reply.request.url.split('?', 1)[0] ?? '/';
    const html = this.views.render(`${view}.njk`, {
      ...data,
      who,
      assets: ASSETS_PATH,
      navigation: who?.role ? navigationOf(who, path) : [],
      idleMinutes: who?.session && Math.round(who.session.idleSeconds / 60),
    });
    void reply.status(status).headers(allowed ? headers(this.formTarget, allowed) : this.headers).send(html);
  }

  /** Sends a file to be kept, never to be shown: it may hold what others wrote. */
  download(reply: FastifyReply, { type, body, length }: ApiFile, fileName: string): void {
    const name = fileName.replace(/[^\w.-]/g, '_');
    void reply
      .headers({
        ...this.headers,
        'content-type': type,
        'content-security-policy': "default-src 'none'; sandbox",
        'content-disposition': `attachment; filename="${name}"`,
        ...(length !== undefined && { 'content-length': String(length) }),
      })
      .send(body);
  }

  /** A page of ours in a frame that has no origin, and may run our own scripts: they hold what another organisation wrote. */
  showInSandbox(reply: FastifyReply, view: string): void {
    const html = this.views.render(`${view}.njk`, { assets: ASSETS_PATH });
    void reply
      .headers({
        ...headers('', { framed: true }),
        'content-security-policy':
          "sandbox allow-scripts; default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data: blob:; " +
          "font-src 'self' data: blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'",
        'referrer-policy': 'no-referrer',
      })
      .send(html);
  }

  /** Shows a document that is no page of ours: without script, form or frame, and with no way back into the session. */
  sandbox(reply: FastifyReply, { type, body }: ApiFile): void {
    void reply
      .headers({
        ...this.headers,
        'content-type': type,
        'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox",
      })
      .send(body);
  }

  /** What another organisation wrote, for a frame of one of our pages: it runs, sends and loads nothing, and is of no origin. */
  framedSandbox(reply: FastifyReply, type: string, body: Buffer): void {
    void reply
      .headers({
        ...headers('', { framed: true }),
        'content-type': type,
        'content-security-policy':
          "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'",
        'referrer-policy': 'no-referrer',
      })
      .send(body);
  }

  /** Answers a posted form: the browser fetches `url`, and a refresh repeats nothing. */
  seeOther(reply: FastifyReply, url: string): void {
    void reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'same-origin' }).redirect(url, 303);
  }
}
