import PDFDocument from 'pdfkit';

/** What the simulator's organisations hold, by the last part of the path: a media type and the bytes. Nobody's data. */
const titles = {
  'end-of-life-care-plan': 'End of life care coordination summary',
  'emergency-health-care-plan': 'Emergency health care plan',
  'mental-health-crisis-plan': 'Mental health crisis plan',
  'respect-form': 'ReSPECT form',
  'advance-care-plan': 'Advance care plan',
  'treatment-escalation-plan': 'Treatment escalation plan',
  'lloyd-george-record-folder': 'Lloyd George record folder',
  'news2-chart': 'NEWS2 chart',
  'clinical-summary': 'Clinical summary',
};

const note = 'An example document of the provider simulator. It is about nobody.';

/**
 * @param {string} name `<document>.pdf`, `.html` or `.json`; any document has each form
 * @returns {Promise<{ contentType: string, bytes: Buffer } | undefined>}
 */
export async function documentOf(name) {
  const [, key, form] = /^([a-z0-9-]+)\.(pdf|html|json)$/.exec(name) ?? [];
  const title = key && titles[key];
  if (!title) return undefined;
  if (form === 'pdf') return { contentType: 'application/pdf', bytes: await pdf(title) };
  if (form === 'html') return { contentType: 'text/html; charset=utf-8', bytes: Buffer.from(page(title, `<p>${note}</p>`)) };
  return { contentType: 'application/fhir+json', bytes: Buffer.from(JSON.stringify(bundle(title))) };
}

/** @param {string} title @param {string} body HTML */
export const page = (title, body) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${title}</h1>${body}</body></html>`;

/** @param {string} title @returns {Promise<Buffer>} */
function pdf(title) {
  return new Promise((resolve, reject) => {
    const document = new PDFDocument({ size: 'A4', info: { Title: title } });
    const chunks = [];
    document.on('data', (chunk) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks))).on('error', reject);
    document.fontSize(20).text(title).moveDown().fontSize(12).text(note);
    document.end();
  });
}

/** @param {string} title */
const bundle = (title) => ({
  resourceType: 'Bundle',
  type: 'document',
  timestamp: '2026-11-01T09:00:00+00:00',
  entry: [{ resource: { resourceType: 'Composition', status: 'final', title, date: '2026-11-01', section: [{ title: 'Note', text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${note}</div>` } }] } }],
});
