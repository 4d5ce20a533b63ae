import type { FastifyInstance } from 'fastify';
import type { Provider } from 'oidc-provider';
import type { RouteConfiguration } from '@carespine/access-control';

const config: RouteConfiguration = { access: { public: 'the OpenID provider authenticates its callers itself' } };

/**
 * Serves the provider's endpoints below the path of its issuer, in a scope of their own: the provider reads request bodies itself.
 */
export function mountOpenIdProvider(fastify: FastifyInstance, provider: Provider): void {
  const path = new URL(provider.issuer).pathname.replace(/\/$/, '');
  const handle = provider.callback();
  fastify.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, next) => next(null));
    scope.all(`${path}/*`, { config }, (request, reply) => {
      reply.hijack();
      const { raw } = request;
      // The provider tells its mount path from the difference of the two.
      Object.assign(raw, { originalUrl: raw.url, url: raw.url?.slice(path.length) });
      void handle(raw, reply.raw);
    });
    done();
  });
}
