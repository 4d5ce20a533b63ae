import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Interaction, Outcome } from '@carespine/contracts';
import { GatewayConfig } from '../config';
import { Sessions, type Opened, type Session, type SignedIn } from '../sessions/sessions';
import type { Returned } from './cis2.strategy';
import { chosenPosition, positionOf, type Admission } from './role-choice';
import { principalOfSession } from '../callers/principal';
import { SignInRecords } from './sign-in-records';
import { refusedAs, SignInRefused } from './sign-in-refused';

/** Makes sessions of users whom the identity provider vouches for. Each act is recorded before its cookie leaves. */
@Injectable()
export class SignIns {
  private readonly admission: Admission;

  constructor(
    private readonly sessions: Sessions,
    private readonly records: SignInRecords,
    config: GatewayConfig,
  ) {
    const organisations = new Set(config.ORGANISATIONS.split(',').map((code) => code.trim()));
    this.admission = { organisations, workgroup: config.REQUIRED_WORKGROUP };
  }

  /**
   * The session of a user who came back: a new one, or the one that she had, strengthened.
   *
   * @param current the browser's session
   * @throws SignInRefused
   */
  complete(request: FastifyRequest, { signedIn, underWay: { stepUpOf } }: Returned, current: Session | undefined): Promise<Opened> {
    const { staff, aal } = signedIn;
    const agent = { userId: staff.userId, userName: staff.name, authenticationAssuranceLevel: aal };
    return refusedAs({ agent, isStepUp: stepUpOf !== undefined }, () => {
      if (stepUpOf === undefined) return this.open(request, signedIn, current);
      if (staff.userId !== stepUpOf) throw new SignInRefused('failed', 'step-up.other-user');
      // the session may have run out meanwhile: then this is a sign-in like any other
      return current?.staff.userId === stepUpOf ? this.strengthen(request, signedIn, current) : this.open(request, signedIn, current);
    });
  }

  /** @throws SignInRefused */
  changeRole(request: FastifyRequest, current: Session, roleId: string): Promise<Opened> {
    return refusedAs({ agent: principalOfSession(current) }, async () => {
      const { id } = chosenPosition(current.staff, roleId, current.aal, this.admission);
      const agent = principalOfSession({ ...current, positionId: id });
      await this.records.record(request, { interaction: Interaction.ROLE_CHANGE, outcome: Outcome.SUCCESS, agent });
      return this.sessions.changeRole(current, id);
    });
  }

  private async open(request: FastifyRequest, signedIn: SignedIn, current: Session | undefined): Promise<Opened> {
    const position = positionOf(signedIn.staff, signedIn.aal, this.admission);
    const { cookie, session, ended } = await this.sessions.open(signedIn, position?.id, current);
    await this.records.record(request, { interaction: Interaction.SIGN_IN, outcome: Outcome.SUCCESS, agent: principalOfSession(session) });
    for (const older of ended) {
      const facts = { outcome: Outcome.SUCCESS, outcomeDescription: 'elsewhere', agent: principalOfSession(older) };
      await this.records.record(request, { interaction: Interaction.SIGN_OUT, ...facts });
    }
    return { cookie, session };
  }

  /** In the role that she has. */
  private async strengthen(request: FastifyRequest, signedIn: SignedIn, current: Session): Promise<Opened> {
    const { staff, aal } = signedIn;
    if (current.positionId !== undefined) chosenPosition(staff, current.positionId, aal, this.admission);
    const agent = principalOfSession({ ...current, staff, aal });
    await this.records.record(request, { interaction: Interaction.STEP_UP, outcome: Outcome.SUCCESS, agent });
    return this.sessions.stepUp(current, signedIn);
  }
}
