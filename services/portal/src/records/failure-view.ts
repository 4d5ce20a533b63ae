/** Whose failure it is, what happened, and what to do, for somebody who needs the document now. */
interface FailureWords {
  whose: 'ours' | 'provider' | 'pointer';
  what: string;
  /** Whether trying again may help. */
  again: boolean;
}

/** What a document is that began to come and did not end; the record locator, which knows why, can only end the connection. */
export const BROKEN_OFF = 'PROVIDER_BROKE_OFF';

/** By the record locator's code. @see services/record-locator/docs/retrieval.md, "When there is no document" */
export const FAILURES: Record<string, FailureWords> = {
  PROXY_PROVIDER_NOT_REGISTERED: { whose: 'ours', what: 'The system of the organisation that holds the document is not connected to this platform yet', again: false },
  PROXY_CERTIFICATE_REFUSED: { whose: 'ours', what: 'Its system does not accept the certificate of this platform', again: false },
  PROXY_BUSY: { whose: 'ours', what: 'Too many documents of this organisation are being opened at the moment', again: true },
  PROVIDER_ADDRESS_REFUSED: { whose: 'pointer', what: 'The address that was registered for the document is not one that we may open', again: false },
  PROVIDER_UNREACHABLE: { whose: 'provider', what: 'Its system could not be reached', again: true },
  PROVIDER_NOT_TRUSTED: { whose: 'provider', what: 'Its system could not prove what it is, so we did not ask it for anything', again: false },
  PROVIDER_TIMEOUT: { whose: 'provider', what: 'Its system did not answer in time', again: true },
  PROVIDER_REFUSED: { whose: 'provider', what: 'Its system refused to give the document', again: false },
  PROVIDER_DOCUMENT_NOT_FOUND: { whose: 'provider', what: 'Its system does not have the document any more', again: false },
  PROVIDER_ERROR: { whose: 'provider', what: 'Its system had a fault of its own', again: true },
  PROVIDER_RESPONSE_INVALID: { whose: 'provider', what: 'What its system sent is not the kind of document that was registered', again: false },
  [BROKEN_OFF]: { whose: 'provider', what: 'The document broke off on its way, and a part of it is not shown', again: true },
  PROVIDER_DOCUMENT_TOO_LARGE: { whose: 'provider', what: 'The document is larger than can be opened from here', again: false },
};

const FAULT: Record<FailureWords['whose'], string> = {
  ours: 'The fault is on our side',
  provider: 'The fault is on the side of the organisation that holds the document',
  pointer: 'The fault is in what the organisation registered with us',
};

export function describeFailure(code: string) {
  const { whose, what, again } = FAILURES[code] ?? { whose: 'provider', what: 'The document could not be had', again: true };
  return { whose, fault: FAULT[whose], what, again };
}
