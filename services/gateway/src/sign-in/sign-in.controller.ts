import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { Fault } from '@carespine/fhir';
import { isSecret, newSecret, SESSION_COOKIE, setSessionCookie, setSignInCookie, SIGN_IN_COOKIE } from '../sessions/session-cookie';
import { Sessions } from '../sessions/sessions';
import { Authentication } from './authentication';
import type { Beginning } from './cis2.strategy';
import { fieldOf } from './form';
import { redirect } from './redirect';
import { returnToIn } from './return-to';
import { SignInRecords } from './sign-in-records';
import { SignInRefused } from './sign-in-refused';
import { SIGN_IN_SECONDS } from './sign-ins-under-way';
import { SignIns } from './sign-ins';

/** Signing in, choosing a role, signing in more strongly: from the browser's first redirect to its session cookie. */
@ApiExcludeController()
@Controller('auth')
export class SignInController {
  constructor(
    private readonly authentication: Authentication,
    private readonly signIns: SignIns,
    private readonly sessions: Sessions,
    private readonly records: SignInRecords,
  ) {}

  @Public('the way to a session starts without one')
  @Get('login')
  async login(@Query() query: Record<string, unknown>, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const isAfresh = query['afresh'] === 'yes';
    await this.answer(request, reply, Interaction.SIGN_IN, () => this.begin(request, reply, { returnTo: returnToIn(query['returnTo']), isAfresh }));
  }

  @Public('proves by itself who comes back')
  @Get('callback')
  async callback(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.answer(request, reply, Interaction.SIGN_IN, async () => {
      const returned = await this.authentication.finish(request, reply, request.cookies[SIGN_IN_COOKIE]);
      const current = await this.sessions.peek(request.cookies[SESSION_COOKIE]);
      const { cookie, session } = await this.signIns.complete(request, returned, current);
      const { returnTo } = returned.underWay;
      setSessionCookie(reply, cookie);
      redirect(reply, session.positionId === undefined ? `/choose-role?returnTo=${encodeURIComponent(returnTo)}` : returnTo);
    });
  }

  /** The first choice of a role, and every change. */
  @Public('acts on the session that the request itself shows')
  @Post('role')
  async chooseRole(@Body() form: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const returnTo = returnToIn(fieldOf(form, 'returnTo'));
    const current = await this.sessions.find(request.cookies[SESSION_COOKIE] ?? '');
    if (!current) return redirect(reply, loginAddress(returnTo));
    const roleId = fieldOf(form, 'roleId');
    if (typeof roleId !== 'string' || !/^\d{12}$/.test(roleId)) {
      throw new Fault('INVALID_VALUE', { diagnostics: 'roleId must be 12 digits', expression: 'roleId' });
    }
    await this.answer(request, reply, Interaction.ROLE_CHANGE, async () => {
      const { cookie } = await this.signIns.changeRole(request, current, roleId);
      setSessionCookie(reply, cookie);
      redirect(reply, returnTo);
    });
  }

  @Public('acts on the session that the request itself shows')
  @Get('step-up')
  async stepUp(@Query('returnTo') given: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const returnTo = returnToIn(given);
    const current = await this.sessions.find(request.cookies[SESSION_COOKIE] ?? '');
    if (!current) return redirect(reply, loginAddress(returnTo));
    if (current.aal >= 3) return redirect(reply, returnTo);
    await this.answer(request, reply, Interaction.STEP_UP, () => this.begin(request, reply, { returnTo, stepUpOf: current.staff.userId }));
  }

  private async begin(request: FastifyRequest, reply: FastifyReply, wish: Omit<Beginning, 'browser'>): Promise<void> {
    const known = request.cookies[SIGN_IN_COOKIE];
    const browser = isSecret(known) ? known : newSecret(); // windows of one browser share it
    setSignInCookie(reply, browser, SIGN_IN_SECONDS);
    void reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    await this.authentication.begin(request, reply, { browser, ...wish });
  }

  /** A refusal becomes a record, and then a page that says what to do. */
  private async answer(
    request: FastifyRequest,
    reply: FastifyReply,
    interaction: Interaction.SIGN_IN | Interaction.STEP_UP | Interaction.ROLE_CHANGE,
    work: () => Promise<void>,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof SignInRefused)) throw error;
      const { reason, outcome, agent, isStepUp, problem } = error;
      const act = isStepUp ? Interaction.STEP_UP : interaction;
      await this.records.record(request, { interaction: act, outcome, outcomeDescription: reason, agent });
      redirect(reply, `/sign-in-problem?reason=${problem}`);
    }
  }
}

const loginAddress = (returnTo: string): string => `/auth/login?returnTo=${encodeURIComponent(returnTo)}`;
