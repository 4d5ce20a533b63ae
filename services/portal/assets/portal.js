import { initAll } from './nhsuk-frontend.js';

document.body.classList.add('js-enabled', 'nhsuk-frontend-supported');
initAll();
watchIdleTime();
refreshProgress();
showPdf();

/**
 * Warns before the session ends of idleness. The server's clock decides: asking it how long is left does not extend the session.
 * Without this script the page's text says how long there is.
 */
function watchIdleTime() {
  const dialog = document.querySelector('[data-idle-warning]');
  if (!(dialog instanceof HTMLDialogElement)) return;
  const left = dialog.querySelector('[data-idle-left]');
  const warnAt = Number(dialog.dataset.warnSeconds);
  let timer = 0;
  let announced = -1;
  let isOver = false;

  const schedule = (seconds) => {
    clearTimeout(timer);
    if (!isOver) timer = setTimeout(check, Math.max(1, seconds) * 1000);
  };

  async function check() {
    let seconds;
    try {
      const answer = await fetch('/auth/session', { headers: { accept: 'application/json' }, cache: 'no-store' });
      if (answer.status === 401) return end((await answer.json()).reason);
      if (!answer.ok) return schedule(30);
      ({ secondsLeft: seconds } = await answer.json());
    } catch {
      return schedule(30); // offline for a moment; the server still knows
    }
    if (!(seconds > 0)) return end();
    if (seconds > warnAt) {
      if (dialog.open) dialog.close();
      return schedule(Math.min(seconds - warnAt, 60));
    }
    if (!dialog.open) dialog.showModal();
    say(seconds);
    schedule(Math.min(seconds, 10));
  }

  /** Every half minute, not every second: a screen reader speaks each change. */
  function say(seconds) {
    const step = Math.ceil(seconds / 30) * 30;
    if (step === announced) return;
    announced = step;
    left.textContent = step >= 120 ? '2 minutes' : step > 60 ? '1 minute 30 seconds' : step > 30 ? '1 minute' : '30 seconds';
  }

  /** Once: two questions may be under way, and a second navigation would cut off the first. */
  function end(reason = 'idle') {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    location.assign(`/signed-out?reason=${encodeURIComponent(reason)}`);
  }

  dialog.querySelector('[data-idle-stay]').addEventListener('click', async () => {
    dialog.close();
    clearTimeout(timer);
    announced = -1;
    const answer = await fetch('/auth/keep-alive', { method: 'POST' }).catch(() => undefined);
    if (answer?.status === 401) return end();
    schedule(1);
  });
  // Escape means "I am here", like the button.
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    dialog.querySelector('[data-idle-stay]').click();
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void check();
  });
  schedule(15);
}

/**
 * Keeps what changes by itself up to date: an element with `data-refresh` (milliseconds) takes its next state from the same
 * page, until that page says it no longer changes. Without this script the page reloads itself.
 */
function refreshProgress() {
  const region = document.querySelector('[data-refresh]');
  if (!region) return;
  setTimeout(async () => {
    const answer = await fetch(location.href, { cache: 'no-store', redirect: 'error' }).catch(() => undefined);
    if (answer?.ok) {
      const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const newer = next.getElementById(region.id);
      if (newer) {
        region.replaceChildren(...newer.childNodes);
        if (!newer.dataset.refresh) delete region.dataset.refresh;
        document.title = next.title;
      }
    }
    refreshProgress();
  }, Number(region.dataset.refresh));
}

/**
 * Fetches a PDF and hands it to the frame that draws it, which is of no origin and can fetch nothing of ours itself. When a page comes in
 * its place, which says why there is no document, that page is shown. Without this script the document is a download.
 */
function showPdf() {
  const region = document.querySelector('[data-pdf]');
  const frame = region?.querySelector('iframe');
  if (!frame) return;
  const state = region.querySelector('[data-pdf-state]');
  region.hidden = false;
  addEventListener('message', async ({ source, data }) => {
    if (source !== frame.contentWindow) return;
    if (data === 'shown') state.textContent = '';
    if (data === 'failed') say('This PDF cannot be shown here. Download it to open it in another program.');
    if (data !== 'ready') return;
    try {
      const answer = await fetch(region.dataset.pdf, { cache: 'no-store' });
      if (answer.headers.get('content-type') !== 'application/pdf') return instead(await answer.text());
      if (Number(answer.headers.get('content-length')) > Number(region.dataset.mostBytes)) {
        await answer.body.cancel();
        return say('This PDF is too large to be shown here. Download it to open it in another program.');
      }
      const bytes = await answer.arrayBuffer();
      frame.contentWindow.postMessage(bytes, '*', [bytes]);
    } catch {
      say('The document broke off on its way, and a part of it is not shown. Open it again, or ask the organisation that holds it.');
    }
  });
  const say = (text) => {
    state.textContent = text;
    frame.remove();
  };
  const instead = (html) => {
    const page = new DOMParser().parseFromString(html, 'text/html');
    document.querySelector('main').replaceWith(page.querySelector('main'));
    document.title = page.title;
  };
  frame.src = frame.dataset.src;
}
