import { Fault, type FaultCode } from '@carespine/fhir';
import type { Provider } from './provider-registry';

/** Codes of a retrieval that comes to nothing: `PROXY_` is this platform's doing, `PROVIDER_` the provider's. */
export type RetrievalCode = Extract<FaultCode, `PROXY_${string}` | `PROVIDER_${string}`>;

/** Why no document can be given. The reason is ours: nothing that a provider sent, no address, nothing of a person. */
export class RetrievalFailure extends Fault {
  constructor(
    override readonly code: RetrievalCode,
    readonly reason: string,
    readonly provider?: Provider,
  ) {
    super(code, {
      diagnostics: provider ? `${provider.name} (${provider.odsCode}): ${reason}` : reason,
      ...(code === 'PROXY_BUSY' && { headers: { 'retry-after': '5' } }),
    });
  }
}
