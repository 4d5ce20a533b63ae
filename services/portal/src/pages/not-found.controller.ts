import { Controller, Get, Res } from '@nestjs/common';
import { Public } from '@carespine/access-control';
import type { FastifyReply } from 'fastify';
import { Pages } from './pages';

@Controller()
export class NotFoundController {
  constructor(private readonly pages: Pages) {}

  @Public('says only that the page does not exist')
  @Get('*')
  notFound(@Res() reply: FastifyReply): void {
    this.pages.show(reply, 'problems/not-found', {}, 404);
  }
}
