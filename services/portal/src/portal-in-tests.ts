import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Principal } from '@carespine/access-control';
import { closeService, createService, readConfig } from '@carespine/service-kit';
import { aUser, contextOf, CONTEXT_JWKS } from '@carespine/test-kit';
import { StandInApis } from './apis/stand-in';
import { portal } from './service';

/** A nurse with two roles, signed in with a browser. */
export function staff(state: Parameters<typeof aUser>[0] = {}): Principal {
  const who = aUser(state);
  const role = { id: '555000000201', jobRole: 'R8000', name: 'Clinical Practitioner', organisation: who.organisation };
  const pharmacy = { odsCode: 'FA123', name: 'Example Pharmacy' };
  const roles = [
    { ...role, usable: true },
    { ...role, id: '555000000202', name: 'Privacy Officer', usable: true },
    { ...role, id: '555000000203', name: 'Receptionist', organisation: pharmacy, usable: false },
  ];
  return { ...who, role, session: { id: 'a-session', idleSeconds: 900, roles } };
}

export const privacyOfficer = (state: Parameters<typeof aUser>[0] = {}): Principal => staff({ jobRole: 'R0001', activityCodes: ['B0264', 'B0011'], ...state });

/** The portal on stand-in APIs, called as the gateway calls it. */
export class PortalInTests {
  readonly apis = new StandInApis();
  app!: NestFastifyApplication;

  async start(): Promise<this> {
    const url = await this.apis.start();
    const config = readConfig(portal.config, {
      PORT: '0',
      LOG_LEVEL: 'silent',
      PUBLIC_URL: 'http://127.0.0.1:8080',
      CONTEXT_JWKS,
      SERVICES: JSON.stringify({ demographics: url, audit: url }),
      PORTAL_REFERENCE_KEY: 'A'.repeat(43),
    });
    this.app = await createService(portal, config);
    return this;
  }

  async stop(): Promise<void> {
    await closeService(this.app);
    await this.apis.stop();
  }

  async get(url: string, who?: Principal) {
    return this.app.inject({ method: 'GET', url, headers: who ? await contextOf(who) : {} });
  }

  async post(url: string, form: Record<string, string>, who?: Principal) {
    const headers = { ...(who && (await contextOf(who))), 'content-type': 'application/x-www-form-urlencoded' };
    return this.app.inject({ method: 'POST', url, headers, payload: new URLSearchParams(form).toString() });
  }

  /** Address of a patient's page, found as a user finds it. */
  async open(nhsNumber: string, who: Principal): Promise<string> {
    return String((await this.post('/find-a-patient', { nhsNumber }, who)).headers.location);
  }
}
