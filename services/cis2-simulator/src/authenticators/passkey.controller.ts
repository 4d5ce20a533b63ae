import { Body, Controller, Get, Param, Post, Res, UseFilters } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Public } from '@carespine/access-control';
import { PageFaults } from '../pages/page-faults';
import { Pages } from '../pages/pages';
import { field } from '../sign-in/form';
import { PasskeyRefused, Passkeys } from './passkeys';

const WHY = 'part of signing in; the ticket is a secret of this one sign-in';

@Controller('passkey/:ticket')
@UseFilters(PageFaults)
export class PasskeyController {
  constructor(
    private readonly passkeys: Passkeys,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Public(WHY)
  async show(@Param('ticket') ticket: string, @Res() reply: FastifyReply): Promise<void> {
    const { person, options } = await this.passkeys.options(ticket);
    const html = this.pages.html('passkey', { ticket, options, name: `${person.givenName} ${person.familyName}` });
    void reply.headers(this.pages.headers).send(html);
  }

  /** Keeps a new passkey, then shows the page again to sign in with it. */
  @Post('register')
  @Public(WHY)
  async register(@Param('ticket') ticket: string, @Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    await this.passkeys.register(ticket, answerIn(body));
    void reply.redirect(`/passkey/${encodeURIComponent(ticket)}`, 303);
  }

  @Post('authenticate')
  @Public(WHY)
  async authenticate(@Param('ticket') ticket: string, @Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    void reply.redirect(await this.passkeys.authenticate(ticket, answerIn(body)), 303);
  }
}

/** The browser's answer, unchecked but for being an object: the WebAuthn library checks it. */
function answerIn<T extends object>(body: unknown): T {
  try {
    const answer: unknown = JSON.parse(field(body, 'response') ?? '');
    if (typeof answer === 'object' && answer !== null) return answer as T;
  } catch {
    // refused below
  }
  throw new PasskeyRefused('The browser did not send a passkey.');
}
