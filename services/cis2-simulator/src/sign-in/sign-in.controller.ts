import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res, UseFilters } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { InteractionResults, Provider } from 'oidc-provider';
import { Public } from '@carespine/access-control';
import { authenticatorsFor, type Authenticator } from '../authenticators/authenticators';
import { Passkeys } from '../authenticators/passkeys';
import { PageFaults, PageRefused } from '../pages/page-faults';
import { Pages } from '../pages/pages';
import { passwordMatches, People } from '../people/people';
import type { Person } from '../people/people-file';
import { SELECT_ROLE, type RoleChoice } from '../provider/prompts';
import { OPEN_ID_PROVIDER } from '../provider/token';
import { Cis2Sessions } from '../sessions/cis2-sessions';
import { field } from './form';

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;
type Errors = Record<string, string>;
/** What the user had chosen before the page is shown again. */
interface Given {
  user?: string;
  authenticator?: string;
}

const WHY = 'part of signing in; the provider binds it to the browser by a cookie';
const DECIDE_LATER = 'later';

/** The pages between the authorisation request and the return to the application. */
@Controller('interaction/:uid')
@UseFilters(PageFaults)
export class SignInController {
  constructor(
    @Inject(OPEN_ID_PROVIDER) private readonly provider: Provider,
    private readonly people: People,
    private readonly passkeys: Passkeys,
    private readonly sessions: Cis2Sessions,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Public(WHY)
  async show(@Param('uid') uid: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const interaction = await this.interaction(uid, request, reply);
    if (interaction.prompt.name === SELECT_ROLE) this.showRoles(reply, interaction);
    else this.showSignIn(reply, interaction);
  }

  /** Fields: `user` (12 digits), `authenticator` (an acr name) and, for AAL1_USERPASS, `password`. */
  @Post('sign-in')
  @Public(WHY)
  async signIn(
    @Param('uid') uid: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const interaction = await this.interaction(uid, request, reply, 'login');
    const person = this.people.find(field(body, 'user') ?? '');
    const authenticator = this.offered(interaction).find(({ acr }) => acr === field(body, 'authenticator'));
    const given = { user: person?.id, authenticator: authenticator?.acr };

    const errors: Errors = {};
    if (!person) errors['user'] = 'Select a user';
    if (!authenticator) errors['authenticator'] = 'Select how to sign in';
    if (!person || !authenticator) return this.showSignIn(reply, interaction, given, errors);

    if (person.authenticators && !person.authenticators.includes(authenticator.acr)) {
      return this.showSignIn(reply, interaction, given, { authenticator: 'This user does not have this authenticator' });
    }
    if (authenticator.acr === 'AAL1_USERPASS' && !passwordMatches(person, field(body, 'password') ?? '')) {
      const password = person.password ? 'Enter the password of this user' : 'This user has no password';
      return this.showSignIn(reply, interaction, given, { password });
    }
    if (authenticator.acr === 'AAL3_FIDO2') {
      const returnTo = new URL(`/interaction/${uid}/passkey`, interaction.returnTo).href;
      return void reply.redirect(this.passkeys.begin(person, returnTo), 303);
    }
    await this.signedIn(interaction, person, authenticator, request, reply);
  }

  /** The return from the passkey page, which may run on another host. */
  @Get('passkey')
  @Public(WHY)
  async passkey(
    @Param('uid') uid: string,
    @Query('ticket') ticket: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const interaction = await this.interaction(uid, request, reply, 'login');
    const person = this.passkeys.redeem(String(ticket), `/interaction/${uid}/passkey`);
    const authenticator = this.offered(interaction).find(({ acr }) => acr === 'AAL3_FIDO2');
    if (!authenticator) throw new PageRefused('Your passkey was not accepted', 'The application asks for another authenticator.');
    await this.signedIn(interaction, person, authenticator, request, reply);
  }

  /** Field: `role`, a role id of the user or `later`. */
  @Post('role')
  @Public(WHY)
  async role(
    @Param('uid') uid: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const interaction = await this.interaction(uid, request, reply, SELECT_ROLE);
    const chosen = field(body, 'role');
    const role = this.signedInPerson(interaction).roles.find(({ id }) => id === chosen);
    if (!role && chosen !== DECIDE_LATER) return this.showRoles(reply, interaction, { role: 'Select a role' });
    await this.finish(request, reply, { [SELECT_ROLE]: { roleId: role?.id ?? null } satisfies RoleChoice });
  }

  @Post('cancel')
  @Public(WHY)
  async cancel(@Param('uid') uid: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.interaction(uid, request, reply);
    await this.finish(request, reply, { error: 'access_denied', error_description: 'The user cancelled the sign-in' });
  }

  private async signedIn(
    interaction: Interaction,
    person: Person,
    { acr, amr }: Authenticator,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    // Another user at the same browser ends the session that was there, as a second smartcard would.
    if (interaction.session && interaction.session.accountId !== person.id) {
      await this.sessions.end(interaction.session.uid);
      delete interaction.session;
      await interaction.persist();
    }
    const ts = Math.floor(Date.now() / 1000);
    await this.finish(request, reply, { login: { accountId: person.id, acr, amr: [amr], ts } });
  }

  private async finish(request: FastifyRequest, reply: FastifyReply, result: InteractionResults): Promise<void> {
    void reply.redirect(await this.provider.interactionResult(request.raw, reply.raw, result), 303);
  }

  private async interaction(uid: string, request: FastifyRequest, reply: FastifyReply, prompt?: string): Promise<Interaction> {
    const interaction = await this.provider.interactionDetails(request.raw, reply.raw);
    if (interaction.uid !== uid || (prompt && interaction.prompt.name !== prompt)) {
      throw new PageRefused('This page is out of date', 'Go back to the application and sign in again.');
    }
    return interaction;
  }

  private offered(interaction: Interaction): Authenticator[] {
    const fitting = authenticatorsFor(interaction.params['acr_values'] as string | undefined) ?? [];
    return fitting.filter(({ acr }) => acr !== 'AAL3_FIDO2' || this.passkeys.origin);
  }

  private signedInPerson(interaction: Interaction): Person {
    const person = this.people.find(interaction.session?.accountId ?? '');
    if (!person) throw new PageRefused('Your sign-in has expired', 'Go back to the application and sign in again.');
    return person;
  }

  private showSignIn(reply: FastifyReply, interaction: Interaction, given: Given = {}, errors?: Errors): void {
    const authenticators = this.offered(interaction);
    this.render(reply, 'sign-in', errors, {
      uid: interaction.uid,
      client: interaction.params['client_id'],
      given: { authenticator: authenticators[0]?.acr, ...given },
      people: this.people.all().map((person) => ({
        value: person.id,
        text: [person.title, person.givenName, person.familyName].filter(Boolean).join(' '),
        hint: { text: this.hintOf(person) },
      })),
      authenticators: authenticators.map(({ acr, aal, label, hint }) => ({
        value: acr,
        text: `${label} (AAL${aal})`,
        hint: { text: hint },
      })),
      asksPassword: authenticators.some(({ acr }) => acr === 'AAL1_USERPASS'),
    });
  }

  private hintOf({ about, roles }: Person): string {
    const positions = roles.map((role) => this.people.describe(role)).join('; ') || 'No role';
    return about ? `${about} – ${positions}` : positions;
  }

  private showRoles(reply: FastifyReply, interaction: Interaction, errors?: Errors): void {
    this.render(reply, 'role', errors, {
      uid: interaction.uid,
      roles: [
        ...this.signedInPerson(interaction).roles.map((role) => ({
          value: role.id,
          text: this.people.describe(role),
          hint: { text: [`Role ${role.id}`, ...(role.workgroups ?? [])].join(', ') },
        })),
        { divider: 'or' },
        { value: DECIDE_LATER, text: 'Decide later', hint: { text: 'The application asks you itself.' } },
      ],
    });
  }

  private render(reply: FastifyReply, view: string, errors: Errors | undefined, data: object): void {
    const list = Object.entries(errors ?? {}).map(([name, text]) => ({ text, href: `#${name}` }));
    const html = this.pages.html(view, { ...data, errors: errors && { ...errors, list } });
    void reply.status(errors ? 400 : 200).headers(this.pages.headers).send(html);
  }
}
