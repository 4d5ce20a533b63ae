import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, resolve, sep } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** The service's own folder, seen from the sources as from `dist/src`. */
export const HOME = resolve(__dirname, __dirname.includes(`${sep}dist${sep}`) ? '../../..' : '../..');
export const NHSUK_FRONTEND = join(dirname(require.resolve('nhsuk-frontend/package.json')), 'dist');

/** Draws PDFs. */
const PDFJS = dirname(require.resolve('pdfjs-dist/package.json'));

export interface Asset {
  type: string;
  body: Buffer;
  /** Present where compressing pays. */
  br?: Buffer;
  gzip?: Buffer;
}

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/manifest+json',
};

const sources: Record<string, Buffer> = {};
const add = (name: string, body: Buffer) => (sources[name] = body);

add('nhsuk-frontend.js', readFileSync(join(NHSUK_FRONTEND, 'nhsuk/nhsuk-frontend.min.js')));
add('nhsuk-frontend.css', readFileSync(join(NHSUK_FRONTEND, 'nhsuk/nhsuk-frontend.min.css')));
add('manifest.json', readFileSync(join(NHSUK_FRONTEND, 'nhsuk/assets/manifest.json')));
for (const image of readdirSync(join(NHSUK_FRONTEND, 'nhsuk/assets/images'))) {
  add(`images/${image}`, readFileSync(join(NHSUK_FRONTEND, 'nhsuk/assets/images', image)));
}
add('pdfjs/pdf.min.mjs', readFileSync(join(PDFJS, 'legacy/build/pdf.min.mjs')));
add('pdfjs/pdf.worker.min.mjs', readFileSync(join(PDFJS, 'legacy/build/pdf.worker.min.mjs')));
for (const folder of ['wasm', 'cmaps', 'standard_fonts']) {
  for (const file of readdirSync(join(PDFJS, folder))) add(`pdfjs/${folder}/${file}`, readFileSync(join(PDFJS, folder, file)));
}
for (const own of readdirSync(join(HOME, 'assets'))) add(own, readFileSync(join(HOME, 'assets', own)));

const digest = createHash('sha256');
for (const [name, body] of Object.entries(sources)) digest.update(name).update(body);

/** Changes with every byte of every asset, so that browsers may keep each address for ever. */
export const ASSETS_PATH = `/assets/${digest.digest('hex').slice(0, 12)}`;

/**
 * nhsuk-frontend's style sheet for this house: its images under our address, and without its web font, which it would
 * fetch from another site (and which is licensed for NHS sites alone); it falls back to Arial.
 */
const localised = (css: string) => css.replace(/@font-face\{[^}]*\}/g, '').replaceAll('/assets/images/', `${ASSETS_PATH}/images/`);

/** Every static file of the portal, by its path below {@link ASSETS_PATH}. Read once: nothing else can be asked for. */
export const ASSETS: ReadonlyMap<string, Asset> = new Map(
  Object.entries(sources).map(([name, source]) => {
    const body = name === 'nhsuk-frontend.css' ? Buffer.from(localised(source.toString('utf8'))) : source;
    const isText = /\.(css|js|svg|json)$/.test(name);
    const type = TYPES[extname(name)] ?? 'application/octet-stream';
    // brotli takes seconds over what is as large as pdf.js
    const packed = isText ? { br: brotliCompressSync(body), gzip: gzipSync(body) } : name.endsWith('.mjs') ? { gzip: gzipSync(body) } : {};
    return [name, { type, body, ...packed }];
  }),
);
