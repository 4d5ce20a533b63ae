import { Injectable } from '@nestjs/common';
import type { Principal } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import { isOdsCode, type Grant, type Side } from '../permissions/permission';
import { Permissions } from '../permissions/permissions.service';

export const ORGANISATION_HEADER = 'nhsd-end-user-organisation-ods';

/** On whose behalf a request is made, and what they may do. */
export interface Acting {
  who: Principal;
  /** ODS code. */
  organisation: string;
  grant: Grant;
}

/** Knows the organisation of a request, and holds it against the permissions. */
@Injectable()
export class ActingOrganisations {
  constructor(private readonly permissions: Permissions) {}

  /**
   * @param header NHSD-End-User-Organisation-ODS. Staff act for the organisation of their role and need not name it.
   * @throws Fault 400 PRECONDITION_FAILED without an organisation; 403 ACCESS DENIED without permissions
   * @see record locator specification, "Headers"
   */
  async of(who: Principal, header: string | undefined, side: Side): Promise<Acting> {
    const isStaff = who.mode === 'user-restricted';
    const organisation = header?.trim() || (isStaff ? who.organisation.odsCode : '');
    if (organisation === '') {
      throw new Fault('PRECONDITION_FAILED', {
        status: 400,
        issueCode: 'required',
        diagnostics: 'The header NHSD-End-User-Organisation-ODS is missing or empty',
      });
    }
    // ids begin with it and end at a hyphen: nothing that is no ODS code may own a pointer
    const isPossible = isOdsCode(organisation) && (!isStaff || organisation === who.organisation.odsCode);
    const grant = isPossible ? await this.permissions.of(who, organisation, side) : undefined;
    if (!grant) throw accessDenied(organisation);
    return { who, organisation, grant };
  }
}

const accessDenied = (organisation: string): Fault =>
  new Fault('ACCESS DENIED', {
    diagnostics:
      `Your organisation '${organisation.replace(/[^\x20-\x7e]/g, '?').slice(0, 20)}' does not have permission to access this resource. ` +
      'Contact the onboarding team.',
  });
