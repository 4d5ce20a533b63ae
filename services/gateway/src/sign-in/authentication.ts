import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Passport } from 'passport';
import { Cis2Strategy, type Beginning, type Returned } from './cis2.strategy';
import { SignInRefused } from './sign-in-refused';

/** Passport, which speaks to Node's own requests and answers, behind Fastify. */
@Injectable()
export class Authentication {
  private readonly passport = new Passport();

  constructor(strategy: Cis2Strategy) {
    this.passport.use(strategy);
  }

  /**
   * Answers by sending the browser to the identity provider.
   *
   * @throws SignInRefused
   */
  async begin(request: FastifyRequest, reply: FastifyReply, beginning: Beginning): Promise<void> {
    await this.run(request, reply, { beginning });
  }

  /**
   * The user whom the identity provider sent back.
   *
   * @throws SignInRefused
   */
  async finish(request: FastifyRequest, reply: FastifyReply, browser: string | undefined): Promise<Returned> {
    const returned = await this.run(request, reply, { browser });
    if (!returned) throw new Error('the strategy neither succeeded nor refused');
    return returned;
  }

  /** @returns undefined when the strategy has answered */
  private run(request: FastifyRequest, reply: FastifyReply, options: object): Promise<Returned | undefined> {
    return new Promise((resolve, reject) => {
      const response = {
        statusCode: 200,
        setHeader: (name: string, value: string): void => void reply.header(name, value),
        end: (): void => {
          void reply.code(response.statusCode).send();
          resolve(undefined);
        },
      };
      const authenticate = this.passport.authenticate('cis2', options, (error: unknown, returned: Returned | false, refusal: unknown) => {
        if (error) reject(error as Error);
        else if (returned) resolve(returned);
        else reject(refusal instanceof SignInRefused ? refusal : new Error('refused without a reason'));
      }) as (request: unknown, response: unknown, next: (error: unknown) => void) => void;
      authenticate(request.raw, response, reject);
    });
  }
}
