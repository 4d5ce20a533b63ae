import type { Patient } from '@carespine/fhir';
import { isPreviousAddress, isPreviousName } from '../patients/current';
import { fold } from '../search/fold';

/** What makes people a household to the privacy rules: a surname and a place to live. */
export interface Household {
  surnames: ReadonlySet<string>;
  /** Postcode and first line. */
  addresses: ReadonlySet<string>;
}

/** @param today London calendar date, which decides what is previous */
export function householdOf({ name = [], address = [] }: Patient, today: string): Household {
  const surnames = name.filter((one) => one.family && !isPreviousName(one, name, today)).map(({ family = '' }) => fold(family));
  const addresses = address
    .filter((one) => !isPreviousAddress(one, address, today))
    .flatMap(({ postalCode, line = [] }) => {
      const first = line.find((part) => part.trim() !== '');
      return postalCode && first ? [`${postalCode.replace(/\s/g, '').toUpperCase()}|${first.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim()}`] : [];
    });
  return { surnames: new Set(surnames.filter(Boolean)), addresses: new Set(addresses) };
}

/** Case, accents and punctuation do not matter. */
export function isShared(one: Household, other: Household): boolean {
  const share = (some: ReadonlySet<string>, others: ReadonlySet<string>): boolean => [...some].some((value) => others.has(value));
  return share(one.surnames, other.surnames) && share(one.addresses, other.addresses);
}
