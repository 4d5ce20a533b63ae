import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Interaction } from '@carespine/contracts';
import type { AccessRule } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import { BASE_PATH } from './patients.controller';

const REFUSED: AccessRule = {
  permission: 'demographics.trace',
  record: { interaction: Interaction.OPERATION, resource: '', name: 'Unsupported request' },
};

/**
 * The rest of the base path: probes as the national API has them, and a refusal of everything that the API does not have.
 * Raw routes, because Nest's `@All` loses what a route declares.
 */
export function answerOtherRequests(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  for (const probe of ['_ping', '_status']) {
    fastify.get(`/${BASE_PATH}/${probe}`, { config: { access: { public: 'health as the national API has it; says nothing else' } } }, () => ({ status: 'pass' }));
  }
  fastify.route({
    method: ['GET', 'PATCH'],
    url: `/${BASE_PATH}/Patient/`,
    config: { access: { rule: REFUSED } },
    handler: () => {
      throw new Fault('UNSUPPORTED_SERVICE'); // the number is missing
    },
  });
  fastify.route({
    method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: `/${BASE_PATH}/*`,
    config: { access: { rule: REFUSED } },
    handler: () => {
      throw new Fault('UNSUPPORTED_REQUEST');
    },
  });
}
