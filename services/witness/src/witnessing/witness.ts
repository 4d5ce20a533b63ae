import type { JsonWebKey } from 'node:crypto';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { EMPTY_ROOT, NoteFault, NoteSigner, NoteVerifier, openCheckpoint, parseAddCheckpoint, parseNote, verifyConsistency, type AddCheckpoint } from '@carespine/transparency-log';
import { Fault } from '@carespine/fhir';
import { WitnessConfig } from '../config';
import { SeenLogs } from './seen';

/** What was asked is not what the witness saw last: it says how much it has seen. */
export class Stale extends Error {
  override readonly name = 'Stale';

  constructor(readonly size: number) {
    super('the old size is not the latest');
  }
}

/** Cosigns that a log only grows: of what it has cosigned nothing may ever change. */
@Injectable()
export class Witness implements OnApplicationShutdown {
  readonly signer: NoteSigner;
  readonly logs: ReadonlyMap<string, readonly NoteVerifier[]>;
  private readonly seen: SeenLogs;

  constructor(config: WitnessConfig) {
    this.signer = NoteSigner.ofWitness(config.WITNESS_NAME, JSON.parse(config.WITNESS_KEY) as JsonWebKey);
    const logs = JSON.parse(config.LOGS) as { origin: string; keys: string[] }[];
    this.logs = new Map(logs.map(({ origin, keys }) => [origin, keys.map((vkey) => NoteVerifier.parse(vkey))]));
    this.seen = new SeenLogs(config.STATE_FOLDER);
  }

  onApplicationShutdown(): void {
    this.seen.release();
  }

  sizeOf(origin: string): number {
    return this.seen.of(origin).size;
  }

  /**
   * The check and the keeping of the new size are one step: nothing here waits.
   *
   * @returns the cosignature line
   * @throws Stale, Fault 400, 403, 404, 422
   * @see C2SP tlog-witness; audit specification, "Tamper evidence", witness
   */
  add(body: string): string {
    const { old, proof, checkpoint, parsed } = read(body);
    const verifiers = this.logs.get(parsed.origin);
    if (!verifiers) throw new Fault('RESOURCE_NOT_FOUND', { diagnostics: 'The log is not witnessed here' });
    requireSignature(checkpoint, verifiers);
    if (old > parsed.size) throw malformed('The old size is beyond the checkpoint');
    const seen = this.seen.of(parsed.origin);
    if (old !== seen.size) throw new Stale(seen.size);
    // nothing was seen: every tree begins with the empty one
    const fromRoot = old === 0 ? EMPTY_ROOT : seen.root;
    if (!verifyConsistency({ from: old, fromRoot, to: parsed.size, toRoot: parsed.root, proof })) {
      throw new Fault('BUSINESS_RULE', { diagnostics: 'The checkpoint does not continue the one that was seen' });
    }
    this.seen.keep(parsed.origin, { size: parsed.size, root: parsed.root });
    return this.signer.line(parseNote(checkpoint).text);
  }
}

function read(body: string): ReturnType<typeof parseAddCheckpoint> & AddCheckpoint {
  try {
    return parseAddCheckpoint(body);
  } catch (error) {
    if (error instanceof NoteFault) throw malformed('The request is malformed');
    throw error;
  }
}

function requireSignature(checkpoint: string, verifiers: readonly NoteVerifier[]): void {
  try {
    openCheckpoint(checkpoint, verifiers);
  } catch (error) {
    if (error instanceof NoteFault) throw new Fault('ACCESS_DENIED', { diagnostics: 'No signature of a trusted key holds' });
    throw error;
  }
}

const malformed = (diagnostics: string): Fault => new Fault('VALIDATION_ERROR', { diagnostics });
