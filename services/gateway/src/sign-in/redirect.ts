import type { FastifyReply } from 'fastify';

/** Sends the browser on; neither it nor the next site keeps where it came from. */
export function redirect(reply: FastifyReply, address: string): void {
  void reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }).redirect(address, 303);
}
