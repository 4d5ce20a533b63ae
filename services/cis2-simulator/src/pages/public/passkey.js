// Runs the browser's half of WebAuthn and posts its answer as an ordinary form.
(() => {
  const { startAuthentication, startRegistration } = window.SimpleWebAuthnBrowser;
  const page = document.querySelector('[data-passkey]');
  const options = JSON.parse(page.dataset.passkey);
  const ceremonies = {
    create: () => startRegistration({ optionsJSON: options.create }),
    get: () => startAuthentication({ optionsJSON: options.get }),
  };
  for (const form of document.querySelectorAll('form[data-ceremony]')) {
    form.hidden = false;
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      try {
        form.elements.namedItem('response').value = JSON.stringify(await ceremonies[form.dataset.ceremony]());
        form.submit();
      } catch (error) {
        const problem = document.getElementById('problem');
        problem.textContent = `The browser did not give a passkey: ${error.message}`;
        problem.hidden = false;
      }
    });
  }
})();
