import type { JsonWebKey } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { NoteSigner, NoteVerifier } from '@carespine/transparency-log';
import { AuditConfig } from '../config';

export interface KnownWitness {
  name: string;
  url: string;
  verifier: NoteVerifier;
}

/** Who signs for the log, who did, and who bears witness. */
@Injectable()
export class LogKeys {
  readonly origin: string;
  /** All sign: during a rotation, who knows one key or the other can follow. */
  readonly signers: readonly NoteSigner[];
  /** Of the log, also those that sign no more. */
  readonly verifiers: readonly NoteVerifier[];
  readonly witnesses: readonly KnownWitness[];

  /** @throws NoteFault for a key that is none */
  constructor(config: AuditConfig) {
    this.origin = config.LOG_ORIGIN;
    this.signers = [JSON.parse(config.LOG_SIGNING_KEY) as JsonWebKey | JsonWebKey[]].flat().map((jwk) => NoteSigner.ofLog(config.LOG_ORIGIN, jwk));
    const retired = (JSON.parse(config.LOG_RETIRED_KEYS) as string[]).map((vkey) => NoteVerifier.parse(vkey));
    this.verifiers = [...this.signers.map(({ verifier }) => verifier), ...retired];
    this.witnesses = (JSON.parse(config.WITNESSES) as { name: string; url: string; key: string }[]).map(({ name, url, key }) => ({
      name,
      url: url.replace(/\/$/, ''),
      verifier: NoteVerifier.parse(key),
    }));
  }
}
