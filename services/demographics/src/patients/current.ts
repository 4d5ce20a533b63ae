import type { Address, ContactPoint, HumanName, Period } from '@carespine/fhir';

interface Dated {
  period?: Period;
  use?: string;
}

/**
 * Whether a name is found only by a search of history.
 * A person always has a usual name, so the last one known holds even past its end until another replaces it.
 */
export function isPreviousName(name: HumanName, names: readonly HumanName[], today: string): boolean {
  if (name.use === 'old' || name.use === 'maiden') return true;
  return hasEnded(name, today) && (name.use !== 'usual' || isReplaced(name, names, sameUse));
}

/** As for names: the last known home holds until another replaces it; a temporary or billing address ends with its period. */
export function isPreviousAddress(address: Address, addresses: readonly Address[], today: string): boolean {
  if (address.use === 'old') return true;
  return hasEnded(address, today) && (address.use !== 'home' || isReplaced(address, addresses, sameUse));
}

export function isPreviousTelecom(telecom: ContactPoint, today: string): boolean {
  return telecom.use === 'old' || hasEnded(telecom, today);
}

/** Whether to leave a telecom out where only current data are shown: it ended, and another of its system came after it. */
export function isReplacedTelecom(telecom: ContactPoint, telecoms: readonly ContactPoint[], today: string): boolean {
  if (telecom.use === 'old') return true;
  return hasEnded(telecom, today) && isReplaced(telecom, telecoms, (other) => other.system === telecom.system && other.use !== 'old');
}

/** A period holds through the whole of its last day, month or year. */
function hasEnded({ period }: Dated, today: string): boolean {
  const end = period?.end?.slice(0, 10);
  return end !== undefined && end < today.slice(0, end.length);
}

function isReplaced<T extends Dated>(ended: T, all: readonly T[], isLike: (other: T, ended: T) => boolean): boolean {
  return all.some((other) => other !== ended && isLike(other, ended) && (other.period?.end ?? '9999') > (ended.period?.end ?? '9999'));
}

const sameUse = (one: Dated, other: Dated) => one.use === other.use;
