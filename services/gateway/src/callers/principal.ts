import { permissionsOfApplication, permissionsOfRole, type AccessMode, type BrowserSession, type Client, type Organisation, type Principal } from '@carespine/access-control';
import { idleSecondsOf, type Session } from '../sessions/sessions';
import type { Staff, StaffPosition } from '../staff/staff';

/** A member of staff in one of her positions, or in none yet. */
export function principalOfStaff(facts: {
  staff: Staff;
  position: StaffPosition | undefined;
  aal: number;
  client: Client;
  tokenId: string;
  session?: Omit<BrowserSession, 'roles'>;
}): Principal {
  const { staff, position, aal, client, tokenId, session } = facts;
  const rights = position ? rightsOf(staff, position, aal) : { granted: new Set<string>(), stepUp: new Set<string>() };
  return {
    mode: 'user-restricted',
    client,
    organisation: position?.organisation ?? { odsCode: '', name: '' },
    permissions: rights.granted,
    stepUp: rights.stepUp,
    aal,
    workgroups: position?.workgroups ?? [],
    tokenId,
    userId: staff.userId,
    name: staff.name,
    ...(position && { role: roleOf(position) }),
    ...(session && {
      session: {
        ...session,
        roles: staff.positions.map((one) => {
          const { granted, stepUp } = rightsOf(staff, one, aal);
          return { ...roleOf(one), usable: granted.size + stepUp.size > 0 };
        }),
      },
    }),
  };
}

/** The portal, as the system by which its users act. */
export const PORTAL: Client = { id: 'carespine-portal', name: 'Carespine portal', productId: 'carespine-portal', attributes: {} };

/** Who acts in a browser session. */
export function principalOfSession({ id, staff, positionId, aal }: Session): Principal {
  return principalOfStaff({
    staff,
    position: staff.positions.find((position) => position.id === positionId),
    aal,
    client: PORTAL,
    tokenId: id,
    session: { id, idleSeconds: idleSecondsOf(aal) },
  });
}

export function principalOfApplication(client: Client, mode: AccessMode, organisation: Organisation, tokenId: string): Principal {
  return {
    mode,
    client,
    organisation,
    permissions: permissionsOfApplication(mode, client.attributes),
    stepUp: new Set(),
    aal: 3,
    workgroups: [],
    tokenId,
  };
}

const rightsOf = (staff: Staff, position: StaffPosition, aal: number): ReturnType<typeof permissionsOfRole> =>
  permissionsOfRole({ ...position, aal, idAssurance: staff.idAssurance });

const roleOf = ({ id, jobRole, name, organisation }: StaffPosition): NonNullable<Principal['role']> => ({ id, jobRole, name, organisation });
