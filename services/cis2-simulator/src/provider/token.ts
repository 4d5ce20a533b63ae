/** Injection token of the running oidc-provider `Provider`; its class is an ES module that loads later than the decorators. */
export const OPEN_ID_PROVIDER = Symbol('OpenIdProvider');
