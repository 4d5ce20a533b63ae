import { Body, Controller, Get, Header, HttpCode, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Public } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import { ADD_CHECKPOINT, TLOG_SIZE } from '@carespine/transparency-log';
import { Stale, Witness } from './witness';

@Controller()
export class WitnessController {
  constructor(private readonly witness: Witness) {}

  @Get()
  @Header('cache-control', 'no-cache')
  @Public('names of logs and verifier keys')
  about(): { name: string; key: string; logs: { origin: string; keys: string[]; size: number }[] } {
    const { signer, logs } = this.witness;
    return {
      name: signer.name,
      key: signer.verifier.vkey,
      logs: [...logs].map(([origin, verifiers]) => ({ origin, keys: verifiers.map(({ vkey }) => vkey), size: this.witness.sizeOf(origin) })),
    };
  }

  @Post(ADD_CHECKPOINT)
  @HttpCode(200)
  @Public('what is asked is proved by the log’s own signature')
  add(@Body() body: unknown, @Res({ passthrough: true }) reply: FastifyReply): string {
    if (!Buffer.isBuffer(body)) throw new Fault('VALIDATION_ERROR', { diagnostics: 'The request is not plain text' });
    try {
      reply.type('text/plain; charset=utf-8');
      return this.witness.add(body.toString());
    } catch (error) {
      if (!(error instanceof Stale)) throw error;
      reply.code(409).type(TLOG_SIZE);
      return `${error.size}\n`;
    }
  }
}
