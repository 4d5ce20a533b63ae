import fc from 'fast-check';
import { formatNhsNumber, isNhsNumber, nhsNumberFrom, parseNhsNumber } from './nhs-number';

describe('NHS number, modulus 11', () => {
  it.each(['9000000009', '9449305552', '9999999999'])('accepts %s', (number) => expect(isNhsNumber(number)).toBe(true));

  it.each(['', '900000000', '90000000099', '9000000008', '90000O0009', '900 000 000', '９000000009'])('refuses %p', (text) =>
    expect(isNhsNumber(text)).toBe(false),
  );

  it('reads what people type', () => {
    expect(parseNhsNumber(' 900 000-0009 ')).toBe('9000000009');
    expect(formatNhsNumber('9000000009')).toBe('900 000 0009');
  });

  it('notices every single wrong digit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100_000_000, max: 999_999_999 }), fc.nat(9), fc.integer({ min: 1, max: 9 }), (nine, at, by) => {
        const number = nhsNumberFrom(String(nine));
        if (!number) return;
        const digits = [...number];
        digits[at] = String((Number(digits[at]) + by) % 10);
        expect(isNhsNumber(digits.join(''))).toBe(false);
      }),
    );
  });
});
