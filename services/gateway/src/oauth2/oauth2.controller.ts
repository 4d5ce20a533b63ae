import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '@carespine/access-control';
import { ApplicationRegistry } from '../applications/application-registry';
import { GatewayConfig } from '../config';
import { AccessTokens } from './access-tokens';
import { ALGORITHM } from './client-assertion';
import { invalidRequest, OAuthFault } from './oauth-fault';
import { refuse } from './refuse';
import { TOKEN_EXCHANGE } from './token-endpoint';

const COMBINED_ONLY = 'The Userinfo endpoint is only supported for Combined Auth integrations';

/** The endpoints beside the token endpoint. Signing users in for suppliers (combined) is not offered: these say so as the national ones would. */
@Controller()
export class OAuth2Controller {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly applications: ApplicationRegistry,
    private readonly config: GatewayConfig,
  ) {}

  /** @see RFC 8414; its section 3.1 puts the well-known part before the issuer's path, the national layout behind it */
  @Get(['oauth2/.well-known/oauth-authorization-server', '.well-known/oauth-authorization-server/oauth2'])
  @Public('describes the interface; holds no data')
  metadata(): Record<string, string | string[]> {
    const issuer = `${this.config.PUBLIC_URL}/oauth2`;
    return {
      issuer,
      token_endpoint: `${issuer}/token`,
      response_types_supported: [],
      grant_types_supported: ['client_credentials', TOKEN_EXCHANGE, 'refresh_token'],
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: [ALGORITHM],
    };
  }

  /** @see identity and access specification, "User-restricted, separate": refused for exchanged tokens */
  @Get('oauth2/userinfo')
  @Public('asks for an access token itself')
  async userinfo(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<FastifyReply> {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const grant = token === undefined ? undefined : await this.tokens.find(token);
    if (grant) return refuse(request, reply, invalidRequest(COMBINED_ONLY));
    const fault = invalidRequest('Missing or invalid access token in Authorization header', 401);
    return refuse(request, reply.header('www-authenticate', 'Bearer'), fault);
  }

  /**
   * No application has a redirect URI registered, so that every request ends here and is never redirected.
   *
   * @see identity and access specification, "User-restricted, combined"
   */
  @Get('oauth2/authorize')
  @Public('shows a refusal')
  authorize(@Req() request: FastifyRequest, @Res() reply: FastifyReply): FastifyReply {
    const { client_id: clientId, redirect_uri: redirectUri } = request.query as Record<string, unknown>;
    if (clientId === undefined || clientId === '') return refuse(request, reply, invalidRequest('client_id is missing', 401));
    const application = typeof clientId === 'string' ? this.applications.find(clientId) : undefined;
    if (!application) return refuse(request, reply, invalidRequest('client_id is invalid', 401));
    if (application.revoked) {
      return refuse(request, reply, new OAuthFault(401, 'access_denied', 'client_id is of an application that is not approved or revoked'));
    }
    if (redirectUri === undefined || redirectUri === '') return refuse(request, reply, invalidRequest('redirect_uri is missing'));
    return refuse(request, reply, invalidRequest('redirect_uri is invalid'));
  }
}
