import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Interaction } from '@carespine/contracts';
import type { AccessRule } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import { CONSUMER } from './consumer.controller';
import { PRODUCER } from './producer.controller';

/** Routes of each side, and the methods that they have. */
const METHODS: Record<string, Record<string, string[]>> = {
  [PRODUCER]: {
    DocumentReference: ['GET', 'POST', 'PUT'],
    'DocumentReference/:id': ['GET', 'PUT', 'DELETE'],
    'DocumentReference/_search': ['POST'],
  },
  [CONSUMER]: {
    DocumentReference: ['GET'],
    'DocumentReference/:id': ['GET'],
    'DocumentReference/:id/$retrieve': ['GET'],
    'DocumentReference/_search': ['POST'],
    _count: ['GET'],
  },
};

/**
 * Probes, and a refusal of every method that a route does not have, HEAD among them.
 * Raw routes, because Nest's `@All` loses what a route declares; made first, so that Fastify adds no HEAD of its own.
 */
export function answerOtherRequests(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  for (const [base, routes] of Object.entries(METHODS)) {
    for (const probe of ['_ping', '_status']) {
      fastify.route({
        method: 'GET',
        url: `/${base}/${probe}`,
        exposeHeadRoute: false,
        config: { access: { public: 'health as the national API has it; says nothing else' } },
        handler: () => ({ status: 'pass' }),
      });
    }
    const permission = base === PRODUCER ? 'pointers.produce' : 'pointers.search';
    for (const [url, offered] of Object.entries(routes)) {
      const rule: AccessRule = {
        permission,
        record: { interaction: Interaction.OPERATION, resource: 'DocumentReference', name: 'Method not offered' },
      };
      fastify.route({
        method: fastify.supportedMethods.filter((method) => !offered.includes(method)),
        url: `/${base}/${url}`,
        config: { access: { rule } },
        handler: () => {
          throw new Fault('METHOD_NOT_ALLOWED', { headers: { allow: offered.join(', ') } });
        },
      });
    }
  }
}
