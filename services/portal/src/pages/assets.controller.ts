import { Controller, Get, Headers, Param, Res } from '@nestjs/common';
import { Public } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import type { FastifyReply } from 'fastify';
import { ASSETS, ASSETS_PATH } from './assets';

@Controller()
export class AssetsController {
  @Public('style sheets, scripts and images hold no data')
  @Get(`${ASSETS_PATH}/*`)
  asset(@Param('*') name: string, @Headers('accept-encoding') accepted = '', @Res() reply: FastifyReply): void {
    const asset = ASSETS.get(name);
    if (!asset) throw new Fault('RESOURCE_NOT_FOUND');
    const encoding = asset.br && /\bbr\b/.test(accepted) ? 'br' : asset.gzip && /\bgzip\b/.test(accepted) ? 'gzip' : undefined;
    if (encoding) void reply.header('content-encoding', encoding);
    void reply
      .headers({
        'content-type': asset.type,
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
        'access-control-allow-origin': '*', // a frame of no origin loads its script by CORS
        vary: 'Accept-Encoding',
      })
      .send(encoding ? asset[encoding] : asset.body);
  }
}
