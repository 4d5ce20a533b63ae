import { Controller, Get, Query, Res } from '@nestjs/common';
import { Access, Caller, Public, type Principal } from '@carespine/access-control';
import type { FastifyReply } from 'fastify';
import { navigationOf } from '../pages/navigation';
import { Pages } from '../pages/pages';

/** Why a sign-in ended without a session, in words that tell a person what to do and an attacker nothing. */
const PROBLEMS: Record<string, { title: string; advice: string[]; retry: boolean }> = {
  cancelled: {
    title: 'You have not signed in',
    advice: ['You stopped before the sign-in was finished.', 'You can start again whenever you are ready.'],
    retry: true,
  },
  assurance: {
    title: 'Your identity needs a stronger check',
    advice: [
      'This service is for people whose identity was checked face to face or to the same standard.',
      'Ask your Registration Authority (RA) team to complete your identity check.',
    ],
    retry: false,
  },
  authenticator: {
    title: 'Sign in another way',
    advice: [
      'The way you signed in is not strong enough for this service.',
      'Use your smartcard, a security key, a passkey or Windows Hello. Ask your Registration Authority (RA) team if you have none of them.',
    ],
    retry: true,
  },
  role: {
    title: 'You have no role that can use this service',
    advice: [
      'None of the roles on your profile opens Carespine.',
      'Ask your Registration Authority (RA) team to add the role that you need. Tell them which work you do.',
    ],
    retry: false,
  },
  organisation: {
    title: 'Your organisation does not use this service yet',
    advice: [
      'You signed in, but the organisation of your role is not registered with Carespine.',
      'If you work for several organisations, sign in again and choose another role. If not, ask your service desk.',
    ],
    retry: true,
  },
  workgroup: {
    title: 'You are not in a team that uses this service',
    advice: [
      'Your role is right, but it is not linked to a team (workgroup) with access.',
      'Ask your team’s manager or your Registration Authority (RA) team to add you.',
    ],
    retry: false,
  },
  failed: {
    title: 'Sorry, we could not sign you in',
    advice: [
      'Something went wrong between us and Care Identity.',
      'Try again in a few minutes. If it happens again, contact your service desk.',
    ],
    retry: true,
  },
};

const SIGNED_OUT: Record<string, { title: string; text: string }> = {
  idle: {
    title: 'We signed you out because you were not active',
    text: 'This keeps patients’ records safe when a screen is left alone. Anything that you had not saved is lost.',
  },
  logout: { title: 'You have signed out', text: 'Close all browser windows if others use this computer.' },
  absolute: {
    title: 'You have been signed in for too long',
    text: 'Nobody stays signed in for more than 12 hours. Sign in again to go on. Anything that you had not saved is lost.',
  },
  'back-channel': {
    title: 'Care Identity ended your session',
    text: 'This happens when a smartcard is removed, or when you sign out of Care Identity. If you did neither, tell your service desk.',
  },
  elsewhere: {
    title: 'You signed in somewhere else',
    text: 'You can use Carespine in one place at a time, so we signed you out here. If it was not you, tell your service desk now.',
  },
};

@Controller()
export class SignInController {
  constructor(private readonly pages: Pages) {}

  @Public('the start page shows no data')
  @Get('/')
  start(@Caller() who: Principal | undefined, @Res() reply: FastifyReply): void {
    if (!who?.session) return this.pages.show(reply, 'sign-in/start');
    if (!who.role) return this.pages.seeOther(reply, '/choose-role');
    this.pages.show(reply, 'sign-in/home', { tasks: navigationOf(who, '/') });
  }

  @Access({ permission: 'signed-in' })
  @Get('/choose-role')
  chooseRole(@Caller() who: Principal, @Query('returnTo') returnTo: unknown, @Res() reply: FastifyReply): void {
    const roles = who.session?.roles ?? [];
    this.pages.show(reply, 'sign-in/choose-role', {
      usable: roles.filter((role) => role.usable),
      unusable: roles.filter((role) => !role.usable),
      returnTo: localPath(returnTo),
    });
  }

  @Public('says that nobody is signed in any more')
  @Get('/signed-out')
  signedOut(@Query('reason') reason: unknown, @Res() reply: FastifyReply): void {
    this.pages.show(reply, 'sign-in/signed-out', { said: SIGNED_OUT[known(SIGNED_OUT, reason, 'logout')] });
  }

  @Public('helps people who could not sign in')
  @Get('/sign-in-problem')
  problem(@Query('reason') reason: unknown, @Res() reply: FastifyReply): void {
    this.pages.show(reply, 'sign-in/problem', { problem: PROBLEMS[known(PROBLEMS, reason, 'failed')] });
  }
}

const known = (table: object, key: unknown, otherwise: string) => (typeof key === 'string' && Object.hasOwn(table, key) ? key : otherwise);

/** A path of this site, never another site's address. */
const localPath = (path: unknown) => (typeof path === 'string' && /^\/(?![/\\])[\w\-./~%]*$/.test(path) ? path : '/');
