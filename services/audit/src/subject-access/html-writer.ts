import { formatNhsNumber } from '@carespine/fhir';
import type { AccountAccess, AccountHead, AccountTail, AccountWriter } from './account';
import { dayInWords } from './days';
import { COMPLAIN, leftOutInWords, TERMS } from './plain-words';

/** The answer to read on a screen: one page that needs nothing else, in the colours and type of the NHS. */
export class HtmlWriter implements AccountWriter {
  private text = '';

  begin(head: AccountHead): void {
    const title = 'Who looked at your record';
    this.text += `<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} – ${escape(head.reference)}</title>
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#main">Skip to main content</a>
<header><div class="width"><span class="logo">NHS</span> ${escape(head.organisation.name)}</div></header>
<main id="main" class="width">
<h1>${title}</h1>
<dl>
<dt>Reference</dt><dd>${escape(head.reference)}</dd>
<dt>NHS number</dt><dd>${formatNhsNumber(head.nhsNumber)}</dd>
${head.mergedNumbers.length === 0 ? '' : `<dt>Also under</dt><dd>${head.mergedNumbers.map(formatNhsNumber).join(', ')}</dd>\n`}<dt>Period</dt><dd>${dayInWords(head.from)} to ${dayInWords(head.to)}</dd>
<dt>Prepared</dt><dd>${escape(head.preparedAt)}</dd>
</dl>
<p>This is the answer to your request to see who looked at your health and care record. It lists every access that is recorded, in all organisations that use the shared record. If something is left out, “What is left out” says so.</p>
${head.namesWithheld === undefined ? '' : `<p class="inset">The names of staff are not shown. The reason: ${escape(head.namesWithheld)}</p>`}
<nav aria-labelledby="contents"><h2 id="contents">Contents</h2><ol>
<li><a href="#accesses">Who looked at your record</a></li><li><a href="#alerts">Alerts and what came of them</a></li><li><a href="#left-out">What is left out</a></li><li><a href="#terms">What the words mean</a></li><li><a href="#complain">How to complain</a></li><li><a href="#proof">How you can check that nothing is missing</a></li>
</ol></nav>
<h2 id="accesses">Who looked at your record</h2>
<div class="scroll" role="region" aria-labelledby="accesses" tabindex="0">
<table>
<caption>Accesses to your record, the oldest first</caption>
<thead><tr><th scope="col">Number</th><th scope="col">Date and time</th><th scope="col">Who</th><th scope="col">Organisation</th><th scope="col">What</th><th scope="col">Why</th><th scope="col">System</th></tr></thead>
<tbody>
`;
  }

  access(access: AccountAccess): void {
    const who = [access.name ?? (access.nameWithheld ? 'Name not shown' : ''), access.role].filter(Boolean).map(escape).join('<br>');
    this.text += `<tr id="access-${access.number}"><td>${access.number}</td><th scope="row"><time datetime="${access.recorded}">${escape(access.when)}</time></th><td>${who}</td><td>${escape(access.organisation.name)} (${escape(access.organisation.odsCode)})</td><td>${escape(access.what)}<br><span class="outcome">${escape(access.outcome)}</span></td><td>${escape(access.why)}</td><td>${escape(access.system)}</td></tr>\n`;
  }

  end({ accesses, alerts, namesWithheldBy, isPartial }: AccountTail): Promise<void> {
    const list = (items: string[]): string => `<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`;
    this.text += `</tbody>
</table>
</div>
<p>${accesses === 1 ? 'There is 1 access' : `There are ${accesses} accesses`} in this list.</p>
${namesWithheldBy.length === 0 ? '' : `<p>These organisations do not show the names of their staff:</p>${list(namesWithheldBy.map(withheldInWords).map(escape))}`}
<h2 id="alerts">Alerts and what came of them</h2>
${alerts.length === 0 ? '<p>There were no alerts about your record.</p>' : list(alerts.map((alert) => `${escape(alert.raised)}: ${escape(alert.about)} ${escape(alert.outcome)}`))}
<h2 id="left-out">What is left out</h2>
<p>${leftOutInWords(isPartial)}</p>
<p>Not shown in any answer are what staff typed to search for patients, which may be about others, and technical details such as network addresses.</p>
<h2 id="terms">What the words mean</h2>
<dl>${TERMS.map(([term, meaning]) => `<dt>${escape(term)}</dt><dd>${escape(meaning)}</dd>`).join('\n')}</dl>
<h2 id="complain">How to complain</h2>
${COMPLAIN.map((paragraph) => `<p>${escape(paragraph)}</p>`).join('\n')}
<h2 id="proof">How you can check that nothing is missing</h2>
<p>Every access has its place in a log that cannot be changed without it being noticed, and that others watch over. The copy of this answer for computers (JSON) holds, for each access, the proof that the log holds it, and the proof of how many accesses the log holds about you. Somebody with technical knowledge can check both without asking us.</p>
</main>
</body>
</html>
`;
    return Promise.resolve();
  }

  drain(): Buffer {
    const bytes = Buffer.from(this.text);
    this.text = '';
    return bytes;
  }
}

export const withheldInWords = ({ odsCode, name, reason }: AccountTail['namesWithheldBy'][number]): string => `${name} (${odsCode}). The reason: ${reason}`;

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

const STYLE = `body{margin:0;font:19px/1.5 Frutiger W01,Arial,sans-serif;color:#212b32;background:#f0f4f5}.width{max-width:1100px;margin:0 auto;padding:0 16px}header{background:#005eb8;color:#fff;padding:16px 0;font-weight:600}.logo{background:#fff;color:#005eb8;font-style:italic;font-weight:700;padding:2px 8px;margin-right:8px}main{background:#fff;padding:24px 16px 48px!important}h1{font-size:40px;line-height:1.2;margin:0 0 24px}h2{font-size:28px;margin:40px 0 16px}dl{display:grid;grid-template-columns:minmax(140px,max-content) 1fr;gap:8px 24px}dt{font-weight:600}dd{margin:0}.inset{border-left:8px solid #005eb8;padding:8px 16px}.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:16px}caption{text-align:left;font-weight:600;padding-bottom:8px}th,td{text-align:left;vertical-align:top;padding:8px 12px 8px 0;border-bottom:1px solid #d8dde0}.outcome{color:#4c6272}a{color:#005eb8}a:focus,.scroll:focus{outline:4px solid #212b32;background:#ffeb3b}.skip{position:absolute;left:-9999px}.skip:focus{left:16px;top:16px;padding:8px;z-index:1}@media print{body{background:#fff;font-size:11pt}header{color:#000;background:none}table{font-size:9pt}tr{break-inside:avoid}nav,.skip{display:none}}`;
