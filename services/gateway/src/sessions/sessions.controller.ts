import { Controller, Get, Header, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import { SESSION_COOKIE } from './session-cookie';
import { Sessions } from './sessions';

/** What the portal's script asks, to warn a user before her session ends. */
@ApiExcludeController()
@Controller('auth')
export class SessionsController {
  constructor(private readonly sessions: Sessions) {}

  /** Time left, without extending it. After the end, why: `{ "reason": "elsewhere" }`. */
  @Public('tells a browser about its own session alone')
  @Get('session')
  async timeLeft(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const cookie = request.cookies[SESSION_COOKIE] ?? '';
    const left = await this.sessions.timeLeft(cookie);
    void reply.header('cache-control', 'no-store');
    if (left) return void reply.send(left);
    // the cookie stays: by now the browser may have a newer one, after a change of role in another window
    void reply.code(401).send({ reason: await this.sessions.endOf(cookie) });
  }

  /** "Stay signed in". */
  @Public('extends the session that the request itself shows')
  @Post('keep-alive')
  @HttpCode(204)
  @Header('cache-control', 'no-store')
  async keepAlive(@Req() request: FastifyRequest): Promise<void> {
    if (await this.sessions.find(request.cookies[SESSION_COOKIE] ?? '')) return;
    throw new Fault('ACCESS_DENIED', { status: 401, issueCode: 'login', diagnostics: 'There is no session' });
  }
}
