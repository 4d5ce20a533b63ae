import { randomBytes, randomUUID } from 'node:crypto';
import type { AccessToken, AuthorizationCode, KoaContextWithOIDC } from 'oidc-provider';
import { authenticatorOf } from '../authenticators/authenticators';
import type { UserInfo } from '../people/people';
import { PROFESSIONAL_IDS } from '../people/people-file';

/** Of one authorisation, what its tokens must tell and the provider itself does not keep. */
export interface Authorisation {
  selectedRoleId?: string;
  state?: string;
}

/** Scope → claims. @see identity and access, "Scopes" and "ID token claims" */
export const CLAIMS = {
  openid: [
    'sub',
    'azp',
    'sid',
    'acr',
    'amr',
    'auth_time',
    'at_hash',
    'c_hash',
    's_hash',
    'realm',
    'tokenName',
    'tokenType',
    'auditTrackingId',
    'id_assurance_level',
    'authentication_assurance_level',
    'org.forgerock.openidconnect.ops',
  ],
  profile: ['name', 'family_name', 'given_name', 'uid'],
  email: ['email'],
  nhsperson: ['nhsid_useruid', 'title', 'initials', 'middle_names', 'display_name', 'idassurancelevel'],
  nationalrbacaccess: ['nhsid_nrbac_roles'],
  associatedorgs: ['nhsid_user_orgs'],
  organisationalmemberships: ['nhsid_org_memberships', 'nhsid_org_roles'],
  professionalmemberships: [...PROFESSIONAL_IDS],
  selectedrole: ['selected_roleid'],
};

/** What userinfo says; the provider then keeps what the scopes allow. */
export function userInfoClaims(info: UserInfo, { selectedRoleId }: Authorisation): UserInfo {
  return { ...info, ...(selectedRoleId && { selected_roleid: selectedRoleId }) };
}

/** What the ID token says beside the provider's own claims (iss, aud, exp, iat, nonce, auth_time, acr, amr). */
export async function idTokenClaims(
  ctx: KoaContextWithOIDC,
  info: UserInfo,
  code: AuthorizationCode,
  { selectedRoleId, state }: Authorisation,
): Promise<UserInfo> {
  const session = await ctx.oidc.provider.Session.findByUid(code.sessionUid ?? '');
  const accessToken = ctx.oidc.entities.AccessToken as AccessToken | undefined;
  return {
    sub: info.sub,
    uid: info['uid'],
    name: info['name'],
    given_name: info['given_name'],
    family_name: info['family_name'],
    ...(selectedRoleId && { selected_roleid: selectedRoleId }),
    azp: code.clientId,
    sid: session?.sidFor(code.clientId ?? ''),
    // The provider hashes these three.
    at_hash: accessToken?.jti,
    c_hash: code.jti,
    s_hash: state,
    realm: '/NHSIdentity/Healthcare',
    tokenName: 'id_token',
    tokenType: 'JWTToken',
    auditTrackingId: randomUUID(),
    'org.forgerock.openidconnect.ops': randomBytes(20).toString('base64url'),
    id_assurance_level: info['idassurancelevel'],
    authentication_assurance_level: String(authenticatorOf(code.acr)?.aal),
  };
}
