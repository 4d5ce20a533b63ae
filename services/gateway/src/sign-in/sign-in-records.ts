import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AccessLog, type AccessFacts } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { Fault } from '@carespine/fhir';

const NAMES = {
  [Interaction.SIGN_IN]: 'Sign in',
  [Interaction.SIGN_OUT]: 'Sign out',
  [Interaction.ROLE_CHANGE]: 'Change role',
  [Interaction.STEP_UP]: 'Sign in more strongly',
};

/** Records of signing in and out, which no patient is part of. */
@Injectable()
export class SignInRecords {
  constructor(private readonly accessLog: AccessLog) {}

  /** @throws Fault 503: no record, no answer */
  async record(
    request: FastifyRequest,
    { interaction, ...facts }: Pick<AccessFacts, 'outcome' | 'outcomeDescription' | 'agent'> & { interaction: keyof typeof NAMES },
  ): Promise<void> {
    const whole: AccessFacts = {
      ...facts,
      interaction,
      name: NAMES[interaction],
      requestId: request.requestId,
      traceparent: request.traceparent,
      clientAddress: request.socket.remoteAddress,
    };
    await this.accessLog.record(whole, []).catch(() => {
      throw new Fault('SERVICE_UNAVAILABLE', { headers: { 'retry-after': '5' } });
    });
  }
}
