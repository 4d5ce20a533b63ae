declare const brand: unique symbol;

/** Ten digits whose modulus 11 check digit is right, written without spaces. */
export type NhsNumber = string & { readonly [brand]: 'NhsNumber' };

/**
 * Checks ten digits against their modulus 11 check digit.
 *
 * @param digits exactly ten digits; spaces and hyphens are for {@link parseNhsNumber} to remove
 * @see NHS Data Model and Dictionary, NHS NUMBER: weights 10 to 2, check digit 11 - (sum mod 11), 11 means 0, 10 is invalid
 */
export function isNhsNumber(digits: string): digits is NhsNumber {
  if (digits.length !== 10) return false;
  let sum = 0;
  for (let i = 0; i < 9; i++) {
    const digit = digits.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return false;
    sum += digit * (10 - i);
  }
  return checkDigit(sum) === digits.charCodeAt(9) - 48;
}

/** Reads an NHS number as people type it: spaces and hyphens are ignored. Undefined when it is not one. */
export function parseNhsNumber(typed: string): NhsNumber | undefined {
  const digits = typed.replace(/[\s-]/g, '');
  return isNhsNumber(digits) ? digits : undefined;
}

/** Completes nine digits to an NHS number; undefined where no check digit exists (one in eleven). */
export function nhsNumberFrom(nineDigits: string): NhsNumber | undefined {
  let sum = 0;
  for (let i = 0; i < 9; i++) sum += (nineDigits.charCodeAt(i) - 48) * (10 - i);
  const check = checkDigit(sum);
  return check === 10 ? undefined : ((nineDigits + check) as NhsNumber);
}

/** As printed on letters and screens: `999 000 0018`. */
export function formatNhsNumber(nhsNumber: string): string {
  return `${nhsNumber.slice(0, 3)} ${nhsNumber.slice(3, 6)} ${nhsNumber.slice(6)}`;
}

function checkDigit(weightedSum: number): number {
  const check = 11 - (weightedSum % 11);
  return check === 11 ? 0 : check;
}
