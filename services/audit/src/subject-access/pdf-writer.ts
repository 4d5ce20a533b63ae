import PDFDocument from 'pdfkit';
import { formatNhsNumber } from '@carespine/fhir';
import type { AccountAccess, AccountHead, AccountTail, AccountWriter } from './account';
import { dayInWords } from './days';
import { withheldInWords } from './html-writer';
import { COMPLAIN, leftOutInWords, TERMS } from './plain-words';

const BLUE = '#005eb8';
const TEXT = '#212b32';
/** Points: an access, or a heading and the first lines below it. */
const ENTRY_HEIGHT = 80;

/** The answer to print: A4, tagged with its structure, title and language. Made page by page, so that its size does not matter. */
export class PdfWriter implements AccountWriter {
  private chunks: Buffer[] = [];
  private readonly pdf = new PDFDocument({
    size: 'A4',
    margin: 50,
    pdfVersion: '1.7',
    tagged: true,
    lang: 'en-GB',
    displayTitle: true,
    info: { Title: 'Who looked at your record', Author: 'Carespine' },
  });
  private readonly root = this.pdf.struct('Document');
  private readonly ended: Promise<void>;
  private reference = '';
  private pages = 0;

  constructor() {
    this.pdf.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    this.ended = new Promise((resolve, reject) => {
      this.pdf.on('end', resolve);
      this.pdf.on('error', reject);
    });
    this.pdf.addStructure(this.root);
  }

  begin(head: AccountHead): void {
    this.reference = head.reference;
    this.footer();
    this.element('P', head.organisation.name, { size: 11, colour: BLUE });
    this.element('H1', 'Who looked at your record', { size: 24, isBold: true });
    this.element('P', `Reference ${head.reference}`);
    this.element('P', `NHS number ${formatNhsNumber(head.nhsNumber)}${head.mergedNumbers.length > 0 ? ` (also under ${head.mergedNumbers.map(formatNhsNumber).join(', ')})` : ''}`);
    this.element('P', `Period: ${dayInWords(head.from)} to ${dayInWords(head.to)}. Prepared ${head.preparedAt}.`);
    this.element(
      'P',
      'This is the answer to your request to see who looked at your health and care record. It lists every access that is recorded, in all organisations that use the shared record. If something is left out, “What is left out” says so.',
    );
    if (head.namesWithheld !== undefined) this.element('P', `The names of staff are not shown. The reason: ${head.namesWithheld}`);
    this.heading('Who looked at your record');
  }

  access(access: AccountAccess): void {
    this.keepTogether(ENTRY_HEIGHT);
    const who = [access.name ?? (access.nameWithheld ? 'Name not shown' : ''), access.role].filter(Boolean).join(', ');
    this.element('H3', `${access.number}. ${access.when}`, { isBold: true, gap: 1 });
    this.element('P', `${who} – ${access.organisation.name} (${access.organisation.odsCode})`, { gap: 1 });
    this.element('P', `${access.what}. ${access.outcome}.`, { gap: 1 });
    this.element('P', `${access.why} System: ${access.system}.`);
  }

  async end({ accesses, alerts, namesWithheldBy, isPartial }: AccountTail): Promise<void> {
    this.element('P', accesses === 1 ? 'There is 1 access in this list.' : `There are ${accesses} accesses in this list.`, { isBold: true });
    if (namesWithheldBy.length > 0) this.element('P', 'These organisations do not show the names of their staff:');
    for (const one of namesWithheldBy) this.element('P', withheldInWords(one));
    this.heading('Alerts and what came of them');
    if (alerts.length === 0) this.element('P', 'There were no alerts about your record.');
    for (const alert of alerts) this.element('P', `${alert.raised}: ${alert.about} ${alert.outcome}`);
    this.heading('What is left out');
    this.element('P', leftOutInWords(isPartial));
    this.element('P', 'Not shown in any answer are what staff typed to search for patients, which may be about others, and technical details such as network addresses.');
    this.heading('What the words mean');
    for (const [term, meaning] of TERMS) this.element('P', `${term}: ${meaning}`);
    this.heading('How to complain');
    for (const paragraph of COMPLAIN) this.element('P', paragraph);
    this.heading('How you can check that nothing is missing');
    this.element(
      'P',
      'Every access has its place in a log that cannot be changed without it being noticed, and that others watch over. The copy of this answer for computers (JSON) holds the proofs. Somebody with technical knowledge can check them without asking us.',
    );
    this.root.end();
    this.pdf.end();
    await this.ended;
  }

  drain(): Buffer {
    const bytes = Buffer.concat(this.chunks);
    this.chunks = [];
    return bytes;
  }

  private heading(text: string): void {
    this.keepTogether(ENTRY_HEIGHT);
    this.element('H2', text, { size: 16, isBold: true, colour: BLUE, above: 12 });
  }

  /** Starts a new page where so many points no longer fit. */
  private keepTogether(height: number): void {
    if (this.pdf.y + height <= this.pdf.page.maxY()) return;
    this.pdf.addPage();
    this.footer();
  }

  /** Below the text, and no part of what a screen reader reads. */
  private footer(): void {
    const { page } = this.pdf;
    const { top, bottom, left } = page.margins;
    page.margins.bottom = 0; // else the text would move to a page of its own
    this.pdf.markContent('Artifact', { type: 'Pagination' });
    this.pdf.font('Helvetica').fontSize(9).fillColor(TEXT).text(`${this.reference}, page ${++this.pages}`, left, page.height - 36, { lineBreak: false });
    this.pdf.endMarkedContent();
    page.margins.bottom = bottom;
    [this.pdf.x, this.pdf.y] = [left, top];
  }

  private element(tag: string, text: string, { size = 10.5, isBold = false, colour = TEXT, gap = 6, above = 0 } = {}): void {
    const shown = printable(text);
    this.pdf.font(isBold ? 'Helvetica-Bold' : 'Helvetica').fontSize(size);
    this.keepTogether(above + this.pdf.heightOfString(shown));
    this.root.add(
      this.pdf.struct(tag, {}, () => {
        this.pdf.font(isBold ? 'Helvetica-Bold' : 'Helvetica').fontSize(size).fillColor(colour);
        if (above > 0) this.pdf.moveDown(above / size);
        this.pdf.text(shown, { paragraphGap: gap });
      }),
    );
  }
}

/** What the standard fonts of PDF hold beyond ISO 8859-1. */
const WINDOWS_1252 = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ';
const FOLDED: Record<string, string> = { Ł: 'L', ł: 'l', Đ: 'D', đ: 'd', ı: 'i', Ħ: 'H', ħ: 'h' };

/** Letters that the standard fonts lack lose their marks, and others become a question mark; the other formats show them as they are. */
const printable = (text: string): string =>
  [...text.replace(/\s+/g, ' ')]
    .map((character) => {
      const shown = (one: string): boolean => /^[\x20-\x7e\xa0-\xff]$/.test(one) || WINDOWS_1252.includes(one);
      if (shown(character)) return character;
      const base = FOLDED[character] ?? character.normalize('NFD').replace(/\p{M}/gu, '');
      return [...base].every(shown) && base !== '' ? base : '?';
    })
    .join('');
