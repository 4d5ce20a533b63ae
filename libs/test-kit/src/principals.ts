import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { ContextMint, permissionsOfApplication, permissionsOfRole, type AccessMode, type ClientAttributes, type Principal } from '@carespine/access-control';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
/** The stand-in of the gateway's key pair. */
export const CONTEXT_PRIVATE_JWK = { ...privateKey.export({ format: 'jwk' }), kid: 'test', alg: 'EdDSA' };
export const CONTEXT_JWKS = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'test', alg: 'EdDSA' }] });

const mint = new ContextMint(CONTEXT_PRIVATE_JWK);

/** Headers of a request that came through the gateway for this principal. */
export async function contextOf(who: Principal): Promise<Record<string, string>> {
  return { 'carespine-context': (await mint.mint(who)).token, 'x-request-id': randomUUID() };
}

const TRUST = { odsCode: 'RZZ01', name: 'Example University Hospitals' };

/** A member of staff; state only what matters. */
export function aUser({
  activityCodes = ['B0264', 'B0820', 'B0825', 'B0370', 'B0380'],
  jobRole = 'R8000',
  workgroups = [] as string[],
  aal = 3,
  idAssurance = 3,
  organisation = TRUST,
  userId = '555000000101',
  name = 'Ngozi Okafor',
} = {}): Principal {
  const { granted, stepUp } = permissionsOfRole({ activityCodes, jobRole, workgroups, aal, idAssurance });
  return {
    mode: 'user-restricted',
    client: { id: 'carespine-portal', name: 'Carespine portal', productId: 'P.CARESPINE', attributes: {} },
    organisation,
    permissions: granted,
    stepUp,
    aal,
    workgroups,
    tokenId: 'test-token',
    userId,
    name,
    role: { id: '555000000201', jobRole, name: 'Clinical Practitioner Access Role', organisation },
  };
}

export function anApplication({
  mode = 'application-restricted' as AccessMode,
  attributes = {} as ClientAttributes,
  organisation = TRUST,
} = {}): Principal {
  return {
    mode,
    client: { id: 'tracing-app', name: 'Tracing application', productId: 'P.TRACE', attributes },
    organisation,
    permissions: permissionsOfApplication(mode, attributes),
    stepUp: new Set(),
    aal: 3,
    workgroups: [],
    tokenId: 'test-token',
  };
}
