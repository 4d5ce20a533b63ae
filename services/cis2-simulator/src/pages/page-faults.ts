import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { PasskeyRefused } from '../authenticators/passkeys';
import { Pages } from './pages';

/** A request that a page cannot be shown for; the text is for the user. */
export class PageRefused extends Error {
  constructor(
    readonly title: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** Turns what the pages' controllers throw into a page that says what to do. */
@Catch()
export class PageFaults implements ExceptionFilter {
  private readonly logger = new Logger(PageFaults.name);

  constructor(private readonly pages: Pages) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const { title, text, status } = this.describe(error);
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void reply.status(status).headers(this.pages.headers).send(this.pages.html('message', { title, text }));
  }

  private describe(error: unknown): { title: string; text: string; status: number } {
    if (error instanceof PageRefused) return { title: error.title, text: error.message, status: error.status };
    if (error instanceof PasskeyRefused) return { title: 'Your passkey was not accepted', text: error.message, status: 400 };
    if (error instanceof HttpException) return { title: 'This page cannot be shown', text: error.message, status: error.getStatus() };
    // oidc-provider's word for a cookie or a sign-in that is not there (any more)
    if (error instanceof Error && error.name === 'SessionNotFound') {
      return { title: 'Your sign-in has expired', text: 'Go back to the application and sign in again.', status: 400 };
    }
    this.logger.error(error);
    return { title: 'Something went wrong', text: 'Go back to the application and try again.', status: 500 };
  }
}
