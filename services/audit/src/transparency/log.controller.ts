import { Controller, Get, Header, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import { entryBundle, HASH_LENGTH, parseTilePath, proveConsistency, proveInclusion, TILE_WIDTH, tileWidthIn } from '@carespine/transparency-log';
import { LogKeys } from './log-keys';
import { LogReader, type KeptCheckpoint } from './log-reader';

const WHY = 'hashes and signatures, from which nothing can be learnt of anybody: who verifies the log needs no permission';
const FOR_EVER = 'public, max-age=31536000, immutable';

interface PublishedKeys {
  origin: string;
  keys: string[];
  witnesses: { name: string; key: string }[];
}

/** The log as anybody may read it. @see C2SP tlog-tiles */
@Controller()
export class LogController {
  constructor(
    private readonly reader: LogReader,
    private readonly keys: LogKeys,
  ) {}

  @Get('audit/log/checkpoint')
  @Header('content-type', 'text/plain; charset=utf-8')
  @Header('cache-control', 'no-cache')
  @Public(WHY)
  async checkpoint(): Promise<string> {
    return this.reader.cosigned(await this.newest());
  }

  @Get('audit/log/tile/*')
  @Public(WHY)
  async tile(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<Buffer> {
    const path = (request.raw.url ?? '').split('?')[0]?.slice('/audit/log/'.length);
    const wanted = parseTilePath(path ?? '');
    if (!wanted) throw new Fault('RESOURCE_NOT_FOUND');
    const { level, index, width } = wanted;
    const { size } = await this.newest();
    if (tileWidthIn(size, { level: level === 'entries' ? 0 : level, index }) < width) throw new Fault('RESOURCE_NOT_FOUND');
    reply.headers({ 'content-type': 'application/octet-stream', 'cache-control': FOR_EVER });
    if (level === 'entries') return entryBundle(await this.reader.entries(index * TILE_WIDTH, width));
    const [tile] = await this.reader.tiles([{ level, index }]);
    return (tile ?? Buffer.alloc(0)).subarray(0, width * HASH_LENGTH);
  }

  @Get('audit/log/proof/inclusion')
  @Public(WHY)
  async inclusion(@Query() query: Record<string, unknown>): Promise<{ index: number; size: number; leafHash: string; proof: string[] }> {
    onlyKnown(query, ['index', 'size']);
    const newest = await this.newest();
    const size = query['size'] === undefined ? newest.size : whole(query, 'size', 1, newest.size);
    const index = whole(query, 'index', 0, size - 1);
    const [leaf, proof] = await Promise.all([this.reader.leaf(index), proveInclusion(index, size, this.reader.nodes)]);
    return { index, size, leafHash: leaf.toString('base64'), proof: proof.map((hash) => hash.toString('base64')) };
  }

  @Get('audit/log/proof/consistency')
  @Public(WHY)
  async consistency(@Query() query: Record<string, unknown>): Promise<{ from: number; to: number; proof: string[] }> {
    onlyKnown(query, ['from', 'to']);
    const newest = await this.newest();
    const to = query['to'] === undefined ? newest.size : whole(query, 'to', 0, newest.size);
    const from = whole(query, 'from', 0, to);
    const proof = await proveConsistency(from, to, this.reader.nodes);
    return { from, to, proof: proof.map((hash) => hash.toString('base64')) };
  }

  @Get(['audit/log/keys', '.well-known/audit-log-keys'])
  @Header('cache-control', 'public, max-age=3600')
  @Public(WHY)
  published(): PublishedKeys {
    return {
      origin: this.keys.origin,
      keys: this.keys.verifiers.map(({ vkey }) => vkey),
      witnesses: this.keys.witnesses.map(({ name, verifier }) => ({ name, key: verifier.vkey })),
    };
  }

  private async newest(): Promise<KeptCheckpoint> {
    const checkpoint = await this.reader.checkpoint();
    if (!checkpoint) throw new Fault('RESOURCE_NOT_FOUND', { diagnostics: 'Nothing is published yet' });
    return checkpoint;
  }
}

function onlyKnown(query: Record<string, unknown>, names: string[]): void {
  const unknown = Object.keys(query).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Fault('ADDITIONAL_PROPERTIES', { diagnostics: `Additional properties are not allowed ('${unknown.slice(0, 50)}' was unexpected)` });
}

function whole(query: Record<string, unknown>, name: string, least: number, most: number): number {
  const value = query[name];
  if (value === undefined) throw new Fault('MISSING_VALUE', { diagnostics: `Missing value - '${name}'` });
  const number = typeof value === 'string' && /^(0|[1-9]\d{0,15})$/.test(value) ? Number(value) : NaN;
  if (!(number >= least && number <= most)) {
    const shown = typeof value === 'string' ? value.slice(0, 100) : '...';
    throw new Fault('INVALID_VALUE', { diagnostics: `Invalid value - '${shown}' in field '${name}'` });
  }
  return number;
}
