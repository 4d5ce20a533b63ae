import { Body, Controller, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '@carespine/access-control';
import { Interaction, Outcome } from '@carespine/contracts';
import { Fault } from '@carespine/fhir';
import { clearCookies, SESSION_COOKIE } from '../sessions/session-cookie';
import { Sessions } from '../sessions/sessions';
import { IdentityRefused } from '../staff/identity-refused';
import { fieldOf } from './form';
import { redirect } from './redirect';
import { SignInRecords } from './sign-in-records';
import { SignOut } from './sign-out';

@ApiExcludeController()
@Controller()
export class SignOutController {
  constructor(
    private readonly signOut: SignOut,
    private readonly sessions: Sessions,
    private readonly records: SignInRecords,
  ) {}

  /** @see OpenID Connect RP-Initiated Logout 1.0 */
  @Public('ends the session that the request itself shows')
  @Post('auth/logout')
  async byUser(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const session = await this.sessions.peek(request.cookies[SESSION_COOKIE]);
    const address = session ? await this.signOut.byUser(request, session) : '/signed-out';
    clearCookies(reply);
    redirect(reply, address);
  }

  /** @see OpenID Connect Back-Channel Logout 1.0, section 2.8; identity and access specification, "Back-channel logout" */
  @Public('proves by its token that it comes from the identity provider')
  @Post(['auth/backchannel-logout', 'oauth2/backchannel_logout'])
  async byProvider(@Body() form: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    void reply.header('cache-control', 'no-store');
    const token = fieldOf(form, 'logout_token');
    if (typeof token !== 'string') return refuse(reply, 400, 'logout_token is missing, or given more than once');
    try {
      const isKnown = await this.signOut.byProvider(request, token);
      if (!isKnown) return refuse(reply, 501, 'sid is of no session here');
      void reply.code(200).send();
    } catch (error) {
      if (!(error instanceof IdentityRefused)) throw error;
      const isNobodysFault = error.part === 'discovery' || (error.part === 'keys' && error.element === 'unreachable');
      if (isNobodysFault) throw new Fault('SERVICE_UNAVAILABLE', { headers: { 'retry-after': '5' } });
      const facts = { outcome: Outcome.SERIOUS_FAILURE, outcomeDescription: error.message };
      await this.records.record(request, { interaction: Interaction.SIGN_OUT, ...facts });
      refuse(reply, 400, `${error.element} of the logout token is not valid`);
    }
  }
}

function refuse(reply: FastifyReply, status: number, description: string): void {
  void reply.code(status).send({ error: 'invalid_request', error_description: description });
}
