/** An authenticator of CIS2, and what a sign-in with it puts into the ID token. */
export interface Authenticator {
  /** `acr` of the ID token */
  acr: AcrName;
  /** `amr` of the ID token: one method */
  amr: string;
  /** `authentication_assurance_level` */
  aal: 1 | 2 | 3;
  label: string;
  hint: string;
}

/** Names of the single authenticators. */
export const ACR_NAMES = [
  'AAL3_N3_SMARTCARD',
  'AAL3_CIS2_SMARTCARD',
  'AAL3_IOS',
  'AAL3_FIDO2',
  'AAL2_TOTP',
  'AAL2_NHSMAIL',
  'AAL1_USERPASS',
] as const;
export type AcrName = (typeof ACR_NAMES)[number];

const simulated = 'Simulated: continue and you are signed in.';

/** @see identity and access, "Assurance": the levels, and that `amr` follows the authenticator's name */
export const AUTHENTICATORS: readonly Authenticator[] = [
  { acr: 'AAL3_N3_SMARTCARD', amr: 'N3_SMARTCARD', aal: 3, label: 'Smartcard (HSCN)', hint: simulated },
  { acr: 'AAL3_CIS2_SMARTCARD', amr: 'CIS2_SMARTCARD', aal: 3, label: 'Smartcard (internet)', hint: simulated },
  { acr: 'AAL3_IOS', amr: 'IOS', aal: 3, label: 'iPad or iPhone app', hint: simulated },
  {
    acr: 'AAL3_FIDO2',
    amr: 'FIDO2',
    aal: 3,
    label: 'Passkey',
    hint: 'Real: uses a passkey of this device, and registers one first if there is none. Needs JavaScript.',
  },
  { acr: 'AAL2_TOTP', amr: 'TOTP', aal: 2, label: 'Authenticator app code', hint: simulated },
  { acr: 'AAL2_NHSMAIL', amr: 'NHSMAIL', aal: 2, label: 'NHSmail', hint: simulated },
  { acr: 'AAL1_USERPASS', amr: 'USERPASS', aal: 1, label: 'User name and password', hint: 'Asks for the password of the people file.' },
];

const GROUPS: Record<string, (authenticator: Authenticator) => boolean> = {
  AAL2_OR_AAL3_ANY: ({ aal }) => aal >= 2,
  AAL3_ANY: ({ aal }) => aal === 3,
  AAL2_ANY: ({ aal }) => aal === 2,
  AAL3_SMARTCARD: ({ amr }) => amr.endsWith('SMARTCARD'),
};

/** Every value that `acr_values` may hold. */
export const ACR_VALUES: readonly string[] = [...Object.keys(GROUPS), ...ACR_NAMES];

const DEFAULT_ACR_VALUES = 'AAL2_OR_AAL3_ANY';

/**
 * The authenticators that satisfy an `acr_values` parameter: space-separated, any of them will do.
 *
 * @returns undefined when it holds a value that CIS2 does not know
 */
export function authenticatorsFor(acrValues: string = DEFAULT_ACR_VALUES): Authenticator[] | undefined {
  const values = acrValues.split(' ').filter(Boolean);
  if (values.some((value) => !ACR_VALUES.includes(value))) return undefined;
  return AUTHENTICATORS.filter((authenticator) => values.some((value) => GROUPS[value]?.(authenticator) ?? value === authenticator.acr));
}

export function authenticatorOf(acr: string | undefined): Authenticator | undefined {
  return AUTHENTICATORS.find((authenticator) => authenticator.acr === acr);
}
