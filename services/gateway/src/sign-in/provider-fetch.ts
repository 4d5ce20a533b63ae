/** The largest answer that a provider may give: a person with hundreds of roles stays below. */
const LARGEST_BYTES = 512 * 1024;
const JSON_TYPE = /^application\/([\w.+-]+\+)?json\b/i;

/** No answer, for whatever reason of the network. */
export class ProviderUnreachable extends Error {
  override readonly name = 'ProviderUnreachable';
}

/** Fetches from the identity provider: JSON alone, of bounded size, and never by way of a redirect. */
export async function fetchFromProvider(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...options, redirect: 'manual' }).catch((cause: unknown) => {
    throw new ProviderUnreachable('no answer', { cause });
  });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).length;
    if (bytes > LARGEST_BYTES) throw new Error('the answer is too large');
    chunks.push(chunk as Uint8Array);
  }
  if (!JSON_TYPE.test(response.headers.get('content-type') ?? '')) throw new Error('the answer is not JSON');
  return new Response(Buffer.concat(chunks), { status: response.status, headers: { 'content-type': 'application/json' } });
}
