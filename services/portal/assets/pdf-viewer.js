import { getDocument } from './pdfjs/pdf.min.mjs';
import './pdfjs/pdf.worker.min.mjs'; // works in this frame itself: what is of no origin may start no worker

/*
 * Draws a PDF in a frame of no origin: its bytes come from the page around it, and it can reach neither that page nor the session. Nothing
 * in the document runs: pages are drawn, and forms, links, attachments and scripts are not taken up.
 */
const at = (path) => new URL(`./pdfjs/${path}/`, import.meta.url).href;
const pages = document.querySelector('main');

addEventListener('message', ({ source, data }) => {
  if (source === parent) show(data).then(() => 'shown', () => 'failed').then(tell);
});
const tell = (state) => parent.postMessage(state, '*'); // a page of no origin cannot name the other; the state says nothing
tell('ready');

async function show(data) {
  const pdf = await getDocument({
    data,
    isEvalSupported: false,
    enableXfa: false,
    useWorkerFetch: false,
    wasmUrl: at('wasm'),
    cMapUrl: at('cmaps'),
    standardFontDataUrl: at('standard_fonts'),
  }).promise;
  const first = (await pdf.getPage(1)).getViewport({ scale: 1 });
  const nearby = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => (isIntersecting ? draw(pdf, target) : clear(target))), { rootMargin: '100%' });
  for (let number = 1; number <= pdf.numPages; number++) {
    const canvas = document.createElement('canvas');
    canvas.dataset.page = number;
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', `Page ${number} of ${pdf.numPages}`);
    canvas.style.aspectRatio = `${first.width} / ${first.height}`;
    const text = document.createElement('p');
    text.className = 'nhsuk-u-visually-hidden';
    pages.append(canvas, text);
    nearby.observe(canvas);
  }
}

/** A page in its own size, and its words for those who do not see it. */
async function draw(pdf, canvas) {
  if (canvas.dataset.drawn) return;
  canvas.dataset.drawn = 'true';
  const page = await pdf.getPage(Number(canvas.dataset.page));
  const { width } = page.getViewport({ scale: 1 });
  const viewport = page.getViewport({ scale: (canvas.clientWidth / width) * Math.min(devicePixelRatio, 2) });
  Object.assign(canvas, { width: viewport.width, height: viewport.height });
  canvas.style.aspectRatio = `${viewport.width} / ${viewport.height}`;
  await page.render({ canvas, viewport }).promise;
  canvas.nextElementSibling.textContent = (await page.getTextContent()).items.map(({ str = '', hasEOL }) => str + (hasEOL ? '\n' : '')).join('');
}

/** Hundreds of drawn pages would fill the memory. */
function clear(canvas) {
  if (!canvas.dataset.drawn) return;
  delete canvas.dataset.drawn;
  Object.assign(canvas, { width: 0, height: 0 });
}
