import { plainToInstance } from 'class-transformer';
import { ArrayNotEmpty, IsArray, IsIn, IsNotEmpty, IsObject, IsOptional, IsString, IsUrl, ValidateIf, validateSync } from 'class-validator';
import type { JWK_RSA_Public } from 'jose';
import type { ClientMetadata } from 'oidc-provider';

const url = { require_tld: false, require_protocol: true, protocols: ['http', 'https'] };
const authenticatesBy = (method: string) => (client: ClientRegistration) => client.tokenEndpointAuthMethod === method;

/** A relying party: the gateway, or a supplier that signs its users in at CIS2 itself. */
export class ClientRegistration {
  /** CIS2's form is `<12 digits>.apps.national`. */
  @IsString() @IsNotEmpty() clientId!: string;
  @IsArray() @ArrayNotEmpty() @IsUrl(url, { each: true }) redirectUris!: string[];
  @IsIn(['private_key_jwt', 'client_secret_post']) tokenEndpointAuthMethod!: 'private_key_jwt' | 'client_secret_post';
  /** Public keys (RSA, RS512), for private_key_jwt. */
  @ValidateIf(authenticatesBy('private_key_jwt')) @IsObject() jwks?: { keys: JWK_RSA_Public[] };
  @ValidateIf(authenticatesBy('client_secret_post')) @IsString() @IsNotEmpty() clientSecret?: string;
  @IsArray() @IsUrl(url, { each: true }) postLogoutRedirectUris: string[] = [];
  /** Where logout tokens are posted. */
  @IsOptional() @IsUrl(url) backchannelLogoutUri?: string;
}

/**
 * The registrations of the CLIENTS setting as oidc-provider wants them.
 *
 * @throws Error that names each faulty client and field
 */
export function readClients(json: string): ClientMetadata[] {
  const list: unknown = JSON.parse(json);
  if (!Array.isArray(list)) throw new Error('CLIENTS must be a list');
  const clients = plainToInstance(ClientRegistration, list as object[], { exposeDefaultValues: true });
  const faults = clients.flatMap((client, index) =>
    validateSync(client, { whitelist: true, forbidNonWhitelisted: true }).map(
      ({ property, constraints }) => `${client?.clientId ?? index}: ${property}: ${Object.values(constraints ?? {}).join(', ')}`,
    ),
  );
  if (faults.length) throw new Error(`CLIENTS has faults:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  return clients.map(metadataOf);
}

function metadataOf(client: ClientRegistration): ClientMetadata {
  return {
    client_id: client.clientId,
    redirect_uris: client.redirectUris,
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    id_token_signed_response_alg: 'RS256',
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    ...(client.tokenEndpointAuthMethod === 'private_key_jwt'
      ? { token_endpoint_auth_signing_alg: 'RS512', jwks: client.jwks }
      : { client_secret: client.clientSecret }),
    ...(client.backchannelLogoutUri && {
      backchannel_logout_uri: client.backchannelLogoutUri,
      backchannel_logout_session_required: true,
    }),
  };
}
