import { Controller, Get, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Public } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import { ASSETS } from './pages';

@Controller('assets')
export class AssetsController {
  @Get(':name')
  @Public('style sheets and scripts of the sign-in pages')
  asset(@Param('name') name: string, @Res() reply: FastifyReply): void {
    const asset = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined;
    if (!asset) throw new Fault('RESOURCE_NOT_FOUND', { diagnostics: 'No such file' });
    void reply.headers({ 'content-type': asset.type, 'cache-control': 'public, max-age=3600' }).send(asset.content);
  }
}
