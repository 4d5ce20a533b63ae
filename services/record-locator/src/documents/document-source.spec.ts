import fc from 'fast-check';
import type { Content, DocumentReference } from '../pointers/document-reference';
import { documentAddress, sourceOf } from './document-source';
import { RetrievalFailure } from './retrieval-failure';

const HOST = 'nrl-rqx01.supplier.thirdparty.nhs.uk';
const MECHANISM = 'https://fhir.nhs.uk/England/StructureDefinition/Extension-England-NRLRetrievalMechanism';

function aContent({ url = `https://${HOST}/a`, format = 'urn:nhs-ic:unstructured', mechanism = undefined as string | undefined, contentType = 'application/pdf' } = {}): Content {
  return {
    attachment: { url, contentType },
    format: { code: format },
    extension: mechanism ? [{ url: MECHANISM, valueCodeableConcept: { coding: [{ code: mechanism }] } }] : [],
  };
}
const aPointer = (...content: Content[]): DocumentReference => ({ content }) as DocumentReference;

describe('record locator specification, "Choosing the route"', () => {
  it.each([
    ['the mechanism where there is one', aContent({ mechanism: 'LDR' }), 'LDR'],
    ['the mechanism before the scheme', aContent({ mechanism: 'SSP' }), 'SSP'],
    ['a viewer', aContent({ mechanism: 'InContext' }), 'InContext'],
    ['ssp, the proxy', aContent({ url: `ssp://${HOST}/a` }), 'SSP'],
    ['ssp for a large document', aContent({ url: `ssp://${HOST}/a`, mechanism: 'LDR' }), 'LDR'],
    ['https with contact details, a page to open', aContent({ format: 'urn:nhs-ic:record-contact', contentType: 'text/html' }), 'Contact'],
    ['the same where it says Direct', aContent({ format: 'urn:nhs-ic:record-contact', contentType: 'text/html', mechanism: 'Direct' }), 'Contact'],
    ['https, direct', aContent(), 'Direct'],
  ])('is by %s', (_, content, mechanism) => {
    const source = sourceOf(aPointer(content), 0);
    expect(source).toMatchObject({ mechanism, contentType: content.attachment.contentType });
    expect(source.url.href).toBe(`https://${HOST}/a`);
  });

  it.each(['Direct', 'InContext'])('cannot be had of an ssp address by %s', (mechanism) => {
    expect(() => sourceOf(aPointer(aContent({ url: `ssp://${HOST}/a`, mechanism })), 0)).toThrow(RetrievalFailure);
  });

  it('takes the document before its contact page when the caller does not choose', () => {
    const page = aContent({ format: 'urn:nhs-ic:record-contact', contentType: 'text/html' });
    expect(sourceOf(aPointer(page, aContent()), undefined).mechanism).toBe('Direct');
    expect(sourceOf(aPointer(page), undefined).mechanism).toBe('Contact');
    expect(sourceOf(aPointer(page, aContent()), 0).mechanism).toBe('Contact');
  });

  it('refuses a content that the pointer does not have', () => {
    expect(() => sourceOf(aPointer(aContent()), 1)).toThrow('The pointer has 1 content, counted from 0');
  });
});

describe('addresses that are not called, wherever they lead', () => {
  it.each([
    ['http', `http://${HOST}/`],
    ['a file', 'file:///etc/passwd'],
    ['data', 'data:text/html,x'],
    ['script', 'javascript:alert(1)'],
    ['a scheme of our runtime', 'blob:https://a/b'],
    ['no scheme', `//${HOST}/`],
    ['no host', 'https:///a'],
    ['a scheme without its slashes', `https:${HOST}/a`],
    ['a backslash', `https:\\\\${HOST}\\a`],
    ['a backslash before the at', `https://${HOST}\\@evil.example/`],
    ['credentials', `https://user:password@${HOST}/`],
    ['a user that looks like the host', `https://${HOST}@evil.example/`],
    ['an empty user', `https://@${HOST}/`],
    ['a tab', `https://${HOST}/\ta`],
    ['a line break', `https://${HOST}/a\r\nX-Evil: 1`],
    ['a null byte', `https://${HOST}/\0`],
    ['a space', `https://${HOST}/a b`],
    ['letters that look like the host\'s', 'https://nrl-rqx01.suppliеr.thirdparty.nhs.uk/'],
    ['full-width letters', 'https://ｌocalhost/'],
    ['an address that no reader can read', 'https://[::1/'],
    ['an address that is too long', `https://${HOST}/${'a'.repeat(2048)}`],
    ['nothing', ''],
  ])('%s', (_, written) => {
    expect(() => documentAddress(written)).toThrow(expect.objectContaining({ code: 'PROVIDER_ADDRESS_REFUSED' }) as Error);
  });

  it('whatever is written: https without credentials, or refused', () => {
    const scheme = fc.constantFrom('https://', 'ssp://', 'HTTPS://', 'http://', 'https:', '//', '');
    const mischief = fc.constantFrom('@', ':', '#', '?', '%00', '%2f', '\\', '[', ']', '..', '\t', ' ', HOST, '127.1', 'é');
    fc.assert(
      fc.property(scheme, fc.array(fc.oneof(mischief, fc.string()), { maxLength: 6 }), (start, parts) => {
        let url: URL;
        try {
          url = documentAddress(start + parts.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(RetrievalFailure);
          return;
        }
        expect([url.protocol, url.username, url.password]).toEqual(['https:', '', '']);
        expect(url.hostname).not.toBe('');
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['decimal', 'https://2130706433/', '127.0.0.1'],
    ['octal', 'https://0177.0.0.1/', '127.0.0.1'],
    ['hexadecimal', 'https://0x7f.1/', '127.0.0.1'],
    ['mapped', 'https://[::ffff:127.0.0.1]/', '[::ffff:7f00:1]'],
    ['percent-encoded', 'https://%31%32%37.0.0.1/', '127.0.0.1'],
  ])('an address that is %s is read as what it is, for the registry not to have it', (_, written, host) => {
    expect(documentAddress(written).hostname).toBe(host);
  });
});
