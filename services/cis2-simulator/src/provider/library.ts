export type OidcProviderLibrary = typeof import('oidc-provider');

/**
 * Loads oidc-provider without its one line about Node 20: this service's tests are the proof that it runs there.
 * Every other warning of the library is left alone.
 */
export async function loadOidcProvider(): Promise<OidcProviderLibrary> {
  /* eslint-disable no-console -- the library writes there */
  const { warn } = console;
  console.warn = (...line: unknown[]) => {
    if (!String(line[0]).includes('Unsupported runtime')) warn(...line);
  };
  try {
    return await import('oidc-provider');
  } finally {
    console.warn = warn;
  }
}
