import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import nunjucks from 'nunjucks';

const nhsuk = dirname(require.resolve('nhsuk-frontend/package.json'));
const webAuthn = join(dirname(require.resolve('@simplewebauthn/browser')), '..');

/** The pages' own files. Nothing is fetched from another host, so the style sheet's web fonts are left out. */
export const ASSETS: Record<string, { type: string; content: string }> = {
  'nhsuk.css': {
    type: 'text/css; charset=utf-8',
    content: readFileSync(join(nhsuk, 'dist/nhsuk/nhsuk-frontend.min.css'), 'utf8').replace(/@font-face\{[^}]*\}/g, ''),
  },
  'simulator.css': { type: 'text/css; charset=utf-8', content: readFileSync(join(__dirname, 'public/simulator.css'), 'utf8') },
  'webauthn.js': {
    type: 'text/javascript; charset=utf-8',
    content: readFileSync(join(webAuthn, 'dist/bundle/index.umd.min.js'), 'utf8'),
  },
  'passkey.js': { type: 'text/javascript; charset=utf-8', content: readFileSync(join(__dirname, 'public/passkey.js'), 'utf8') },
};

/** Renders the simulator's pages. */
export class Pages {
  private readonly views = new nunjucks.Environment(
    new nunjucks.FileSystemLoader([join(__dirname, 'views'), join(nhsuk, 'dist')], { noCache: false }),
    { autoescape: true, throwOnUndefined: false, trimBlocks: true, lstripBlocks: true },
  );

  /** No `form-action`: browsers apply it to redirects too, and every form here ends at an application. */
  readonly headers: Record<string, string> = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };

  html(view: string, data: object): string {
    return this.views.render(`${view}.njk`, data);
  }
}
