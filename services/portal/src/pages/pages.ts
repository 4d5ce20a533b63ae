import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import type { Permission, Principal } from '@carespine/access-control';
import { formatNhsNumber } from '@carespine/fhir';
import type { FastifyReply } from 'fastify';
import { Environment, FileSystemLoader } from 'nunjucks';
import { PortalConfig } from '../config';
import { ASSETS_PATH, HOME, NHSUK_FRONTEND } from './assets';
import { dateInWords } from './words';

/** `pages`: the addresses that belong to the item. */
const NAVIGATION: { text: string; href: string; permission: Permission; pages: RegExp }[] = [
  {
    text: 'Find a patient',
    href: '/find-a-patient',
    permission: 'demographics.trace',
    pages: /^\/find-a-patient|^\/patients\/[^/]+($|\/edit)/,
  },
  {
    text: 'Who looked at a patient',
    href: '/who-looked',
    permission: 'audit.reports',
    pages: /^\/who-looked|^\/patients\/[^/]+\/accesses/,
  },
  { text: 'What a user did', href: '/user-activity', permission: 'audit.reports', pages: /^\/user-activity/ },
];

/**
 * No inline script or style, nothing from elsewhere, in no frame.
 *
 * @param formTarget where a form may be redirected to besides us: browsers hold the redirects of a post to `form-action`, and
 *   signing out ends at the identity provider
 */
const headers = (formTarget: string) => ({
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; " +
    `form-action 'self' ${formTarget}; base-uri 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
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

  constructor(config: PortalConfig) {
    this.headers = headers(config.IDENTITY_ORIGIN ?? new URL(config.PUBLIC_URL).protocol);
    const loader = new FileSystemLoader([join(HOME, 'views'), NHSUK_FRONTEND]);
    this.views = new Environment(loader, { autoescape: true, trimBlocks: true, lstripBlocks: true });
    this.views.addFilter('nhsNumber', formatNhsNumber);
    this.views.addFilter('dateInWords', dateInWords);
  }

  /** @param view path below `views/`, without `.njk` */
  show(reply: FastifyReply, view: string, data: object = {}, status = 200): void {
    const { who } = reply.request.access;
    const path = reply.request.url.split('?', 1)[0] ?? '/';
    const html = this.views.render(`${view}.njk`, {
      ...data,
      who,
      assets: ASSETS_PATH,
      navigation: who?.role ? navigationOf(who, path) : [],
      idleMinutes: who?.session && Math.round(who.session.idleSeconds / 60),
    });
    void reply.status(status).headers(this.headers).send(html);
  }

  /** Answers a posted form: the browser fetches `url`, and a refresh repeats nothing. */
  seeOther(reply: FastifyReply, url: string): void {
    void reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'same-origin' }).redirect(url, 303);
  }
}

/** The pages that the chosen role opens, also those that a stronger sign-in would. */
export function navigationOf(who: Principal, path: string) {
  return NAVIGATION.filter(({ permission }) => who.permissions.has(permission) || who.stepUp.has(permission)).map((item) => ({
    ...item,
    current: path === item.href,
    active: item.pages.test(path),
    needsStepUp: !who.permissions.has(item.permission),
  }));
}
