import { Controller, Get, Param, Post, Redirect, Res, UseFilters, type HttpRedirectResponse } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Public } from '@carespine/access-control';
import { authenticatorOf } from '../authenticators/authenticators';
import { PageFaults } from '../pages/page-faults';
import { Pages } from '../pages/pages';
import { People } from '../people/people';
import { Cis2Sessions } from './cis2-sessions';

/** The desk at which every smartcard of the demo lies. */
@Controller()
@UseFilters(PageFaults)
export class SessionsController {
  constructor(
    private readonly sessions: Cis2Sessions,
    private readonly people: People,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Redirect()
  @Public('leads to the sessions')
  home(): HttpRedirectResponse {
    return { url: '/sessions', statusCode: 303 };
  }

  @Get('sessions')
  @Public('shows the sessions of invented people')
  list(@Res() reply: FastifyReply): void {
    const sessions = this.sessions.list().map((session) => {
      const person = this.people.find(session.accountId ?? '');
      const rows = {
        'User id': session.accountId,
        'Signed in with': authenticatorOf(session.acr)?.label ?? session.acr,
        'Signed in at': new Date((session.loginTs ?? 0) * 1000).toLocaleString('en-GB', { timeZone: 'Europe/London' }),
        Applications: Object.keys(session.authorizations ?? {}).join(', '),
      };
      return {
        uid: session.uid,
        name: person ? `${person.givenName} ${person.familyName}` : session.accountId,
        rows: Object.entries(rows).map(([key, text]) => ({ key: { text: key }, value: { text } })),
      };
    });
    void reply.headers(this.pages.headers).send(this.pages.html('sessions', { sessions }));
  }

  /** What taking the smartcard out of the reader does: the session ends and every application is told. */
  @Post('sessions/:uid/end')
  @Public('ends sessions of invented people; a session id cannot be guessed')
  async end(@Param('uid') uid: string, @Res() reply: FastifyReply): Promise<void> {
    await this.sessions.end(uid);
    void reply.redirect('/sessions', 303);
  }
}
