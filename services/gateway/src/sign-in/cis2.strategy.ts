import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import passport from 'passport';
import { randomNonce, randomPKCECodeVerifier } from 'openid-client';
import { SESSION_LIMITS } from '@carespine/access-control';
import { GatewayConfig } from '../config';
import { Revocations } from '../sessions/revocations';
import { newSecret } from '../sessions/session-cookie';
import type { SignedIn } from '../sessions/sessions';
import { IdentityRefused } from '../staff/identity-refused';
import { staffOf, type Staff } from '../staff/staff';
import type { VerifiedIdToken } from '../staff/id-token';
import { IdentityProvider } from './identity-provider';
import { refusedAs, SignInRefused } from './sign-in-refused';
import { SignInsUnderWay, type SignInUnderWay } from './sign-ins-under-way';

const SCOPE = 'openid profile nhsperson nationalrbacaccess associatedorgs';
/** @see identity and access specification, "Assurance": step-up is a new request with a stronger value */
const STEP_UP_ACR = 'AAL3_ANY';
const STEP_UP_AAL = 3;

/** Where a sign-in starts. */
export interface Beginning {
  /** Secret of the browser's sign-in cookie. */
  browser: string;
  returnTo: string;
  /** User id of the session to strengthen. */
  stepUpOf?: string;
  /** CIS2 shall ask again who it is: after a refusal it would give the same answer silently. */
  isAfresh?: boolean;
}

/** A user back from the identity provider, whose every word is verified. */
export interface Returned {
  signedIn: SignedIn;
  underWay: SignInUnderWay;
}

/**
 * Sign-in at CIS2 for passport: with a `beginning` it sends the browser to CIS2, without one it reads CIS2's answer.
 *
 * @see identity and access specification, "CIS2 as OpenID provider": authorization code, PKCE, `state` and `nonce` always
 */
@Injectable()
export class Cis2Strategy extends passport.Strategy {
  override readonly name = 'cis2';

  constructor(
    private readonly provider: IdentityProvider,
    private readonly signIns: SignInsUnderWay,
    private readonly revocations: Revocations,
    private readonly config: GatewayConfig,
  ) {
    super();
  }

  override authenticate(request: IncomingMessage, options: { beginning?: Beginning; browser?: string }): void {
    const { beginning, browser } = options;
    refusedAs({}, async () => {
      if (beginning) this.redirect((await this.begin(beginning)).href, 303);
      else this.success(await this.finish(new URL(request.url ?? '', this.config.PUBLIC_URL).search, browser));
    }).catch((error: unknown) => (error instanceof SignInRefused ? this.fail(error) : this.error(error)));
  }

  private async begin({ browser, returnTo, stepUpOf, isAfresh }: Beginning): Promise<URL> {
    const [state, nonce, codeVerifier] = [newSecret(), randomNonce(), randomPKCECodeVerifier()];
    const acrValues = stepUpOf ? STEP_UP_ACR : this.config.SIGN_IN_ACR;
    const url = await this.provider.authorizationUrl({
      redirectUri: this.redirectUri(),
      // a step-up keeps the role: nobody is asked for one
      scope: stepUpOf ? SCOPE : `${SCOPE} selectedrole`,
      acrValues,
      state,
      nonce,
      codeVerifier,
      maxAgeSeconds: stepUpOf ? 0 : SESSION_LIMITS.loginMaxAuthAgeSeconds,
      ...((stepUpOf || isAfresh) && { prompt: 'login' }),
    });
    await this.signIns.add(browser, state, { nonce, codeVerifier, acrValues, returnTo, stepUpOf });
    return url;
  }

  private async finish(search: string, browser: string | undefined): Promise<Returned> {
    const callback = new URL(this.redirectUri());
    callback.search = search;
    const [state, ...more] = callback.searchParams.getAll('state');
    if (browser === undefined || state === undefined || more.length > 0) throw new IdentityRefused('callback', 'state');
    const underWay = await this.signIns.take(browser, state);
    if (!underWay) throw new IdentityRefused('callback', 'state');
    const { nonce, codeVerifier, acrValues, stepUpOf, startedAt } = underWay;
    return refusedAs({ isStepUp: stepUpOf !== undefined }, async () => {
      const { idToken, accessToken, verified } = await this.provider.exchange(callback, {
        state,
        nonce,
        codeVerifier,
        acrValues,
        maxAuthAgeSeconds: SESSION_LIMITS.loginMaxAuthAgeSeconds,
        minAal: stepUpOf ? STEP_UP_AAL : this.config.SIGN_IN_AAL,
        ...(stepUpOf && { authenticatedAfterMs: startedAt.getTime() }),
      });
      const { userId, aal, sid, authTime } = verified;
      return refusedAs({ agent: { userId, authenticationAssuranceLevel: aal } }, async () => {
        if (sid !== undefined && (await this.revocations.isRevoked(sid, authTime))) throw new IdentityRefused('id_token', 'sid');
        const staff = agreeing(staffOf(await this.provider.userinfo(accessToken, userId)), verified);
        return { signedIn: { staff, aal, authTime, idToken, ...(sid !== undefined && { sid }) }, underWay };
      });
    });
  }

  private redirectUri(): string {
    return `${this.config.PUBLIC_URL}/auth/callback`;
  }
}

/** What userinfo says, where the ID token does not say otherwise. */
function agreeing(staff: Staff, { userId, idAssurance, selectedRoleId = staff.selectedRoleId }: VerifiedIdToken): Staff {
  if (staff.userId !== userId) throw new IdentityRefused('userinfo', 'sub');
  if (staff.idAssurance > 0 && staff.idAssurance < idAssurance) throw new SignInRefused('assurance', 'userinfo.idassurancelevel: too-low');
  const isPickedTwice = staff.selectedRoleId !== undefined && staff.selectedRoleId !== selectedRoleId;
  if (isPickedTwice) throw new IdentityRefused('userinfo', 'selected_roleid');
  return { ...staff, idAssurance, ...(selectedRoleId !== undefined && { selectedRoleId }) };
}
