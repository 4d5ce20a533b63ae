import type { FastifyReply, FastifyRequest } from 'fastify';
import { invalidRequest, type OAuthFault } from './oauth-fault';

/** Answers with a refusal in the shape of the national API platform; `message_id` is the request's id, by which its records are found. */
export function refuse(request: FastifyRequest, reply: FastifyReply, { status, error, message }: OAuthFault): FastifyReply {
  if (status === 503) void reply.header('retry-after', '5');
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .header('pragma', 'no-cache')
    .send({ error, error_description: message, message_id: request.requestId });
}

export function refuseMethod(request: FastifyRequest, reply: FastifyReply, allowed: string): FastifyReply {
  return refuse(request, reply.header('allow', allowed), invalidRequest(`The method ${request.method} is not allowed here`, 405));
}
