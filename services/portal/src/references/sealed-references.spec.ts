import fc from 'fast-check';
import type { PortalConfig } from '../config';
import { ReferenceRefused, SealedReferences } from './sealed-references';

const references = new SealedReferences({ PORTAL_REFERENCE_KEY: 'A'.repeat(43) } as PortalConfig);

describe('a reference in the address of a page', () => {
  it('opens in the session that it was made in', async () =>
    expect(await references.nhsNumber('one', await references.patient('one', '9000000009'))).toBe('9000000009'));

  it('does not open in another session', async () =>
    expect(references.nhsNumber('other', await references.patient('one', '9000000009'))).rejects.toThrow(ReferenceRefused));

  it('is different each time, so that addresses cannot be compared', async () =>
    expect(await references.patient('one', '9000000009')).not.toBe(await references.patient('one', '9000000009')));

  it('opens after no change of a single character', async () => {
    const sealed = await references.patient('one', '9000000009');
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), fc.constantFrom(...'abcXYZ019-_.'), async (at, letter) => {
        // the last character of a part may hold unused bits
        fc.pre(sealed[at] !== letter && at < sealed.length - 1 && sealed[at + 1] !== '.');
        await expect(references.nhsNumber('one', sealed.slice(0, at) + letter + sealed.slice(at + 1))).rejects.toThrow(ReferenceRefused);
      }),
    );
  });

  it.each(['', 'x', '....', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..A.A.A', 'a'.repeat(4000)])('refuses %p', (text) =>
    expect(references.nhsNumber('one', text)).rejects.toThrow(ReferenceRefused),
  );

  it('made for a search is no reference to a patient', async () =>
    expect(references.nhsNumber('one', await references.seal('one', { values: {} }))).rejects.toThrow(ReferenceRefused));

  it('made with another key is refused', async () => {
    const others = new SealedReferences({ PORTAL_REFERENCE_KEY: 'B'.repeat(43) } as PortalConfig);
    await expect(references.nhsNumber('one', await others.patient('one', '9000000009'))).rejects.toThrow(ReferenceRefused);
  });
});
