import { Inject, Injectable } from '@nestjs/common';
import { formatAddCheckpoint, openNote, parseCosignatures, proveConsistency, TLOG_SIZE, ADD_CHECKPOINT } from '@carespine/transparency-log';
import { Database, LOG, meter, type Log } from '@carespine/service-kit';
import { AuditConfig } from '../config';
import { freeze } from './freeze';
import { LogKeys, type KnownWitness } from './log-keys';
import { LogReader, type KeptCheckpoint } from './log-reader';

const PATIENCE_MS = 5000;
const alerts = meter.createCounter('log_witness_alerts_total', { description: 'Witnesses that were silent for so long that the operator was told' });

interface Standing {
  /** Size of the log that the witness has seen, as far as is known here. */
  size: number;
  /** Checkpoint that it cosigned last. */
  number: number;
  asking: boolean;
  silentSinceMs?: number;
  alerted?: boolean;
}

/**
 * Asks witnesses to cosign what the log publishes. One that is away is asked again with the next checkpoint, and publishing goes on;
 * the operator is told once it has been silent for long. One that has seen another log stops publishing.
 */
@Injectable()
export class Witnesses {
  private readonly standings = new Map<string, Standing>();

  constructor(
    private readonly keys: LogKeys,
    private readonly reader: LogReader,
    private readonly database: Database,
    private readonly config: AuditConfig,
    @Inject(LOG) private readonly log: Log,
  ) {
    meter
      .createObservableGauge('log_witness_silent_seconds', { description: 'Time since a witness that should have cosigned has been silent', unit: 's' })
      .addCallback((result) => {
        for (const { name } of keys.witnesses) result.observe(secondsSilent(this.standings.get(name)), { witness: name });
      });
  }

  /** Resolves when every witness that is not being asked already has answered, or has not. */
  async ask(checkpoint: KeptCheckpoint): Promise<void> {
    await Promise.all(
      this.keys.witnesses.map(async (witness) => {
        const standing = this.standings.get(witness.name) ?? { size: 0, number: 0, asking: false };
        this.standings.set(witness.name, standing);
        if (standing.asking || standing.number === checkpoint.number) return;
        standing.asking = true;
        try {
          await this.askOne(witness, standing, checkpoint);
          if (standing.alerted) this.log.info({ witness: witness.name }, 'witness.back');
          standing.silentSinceMs = standing.alerted = undefined;
        } catch (error) {
          this.silent(witness, standing, error as Error);
        } finally {
          standing.asking = false;
        }
      }),
    );
  }

  /** The first answer of a witness that we do not remember is the size it has seen; then it is asked with the proof from there. */
  private async askOne(witness: KnownWitness, standing: Standing, checkpoint: KeptCheckpoint): Promise<void> {
    for (let attempt = 0; attempt < 2; attempt++) {
      if (standing.size > checkpoint.size) {
        const newest = await this.reader.checkpoint();
        if (standing.size > (newest?.size ?? 0)) await this.contradicted(witness, checkpoint, 'a larger log');
        return; // another replica was there before
      }
      const proof = await proveConsistency(standing.size, checkpoint.size, this.reader.nodes);
      const answer = await fetch(`${witness.url}/${ADD_CHECKPOINT}`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        body: formatAddCheckpoint({ old: standing.size, proof, checkpoint: checkpoint.note }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const body = await answer.text();
      if (answer.ok) return this.keep(witness, standing, checkpoint, parseCosignatures(body));
      const seen = answer.status === 409 && answer.headers.get('content-type')?.startsWith(TLOG_SIZE) ? Number(body) : undefined;
      if (answer.status === 422) await this.contradicted(witness, checkpoint, 'another root');
      if (seen === undefined || !Number.isSafeInteger(seen) || seen < 0) throw new Error(`HTTP ${answer.status}`);
      standing.size = seen;
    }
    throw new Error('the witness changes its mind');
  }

  private async keep(witness: KnownWitness, standing: Standing, checkpoint: KeptCheckpoint, lines: string[]): Promise<void> {
    const text = checkpoint.note.slice(0, checkpoint.note.lastIndexOf('\n\n') + 1);
    const line = lines.find((one) => {
      try {
        return openNote(`${text}\n${one}`, [witness.verifier]).signedBy.length > 0;
      } catch {
        return false;
      }
    });
    if (!line) throw new Error('no cosignature by the witness’s key');
    await this.database.query({
      text: 'INSERT INTO cosignatures (checkpoint, witness, line) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      values: [checkpoint.number, witness.name, line],
    });
    standing.size = checkpoint.size;
    standing.number = checkpoint.number;
  }

  private async contradicted(witness: KnownWitness, { size }: KeptCheckpoint, seen: string): Promise<never> {
    await freeze(this.database.pool, `witness ${witness.name} has seen ${seen} than at ${size}`);
    this.log.error({ witness: witness.name, size }, 'witness.contradicts');
    throw new Error(`the witness has seen ${seen}`);
  }

  private silent(witness: KnownWitness, standing: Standing, error: Error): void {
    if (!standing.silentSinceMs) this.log.warn({ witness: witness.name, reason: error.name }, 'witness.silent');
    standing.silentSinceMs ??= Date.now();
    if (!standing.alerted && secondsSilent(standing) >= this.config.WITNESS_ALERT_MINUTES * 60) {
      standing.alerted = true;
      alerts.add(1, { witness: witness.name });
      this.log.error({ witness: witness.name, minutes: this.config.WITNESS_ALERT_MINUTES }, 'witness.alert');
    }
  }
}

const secondsSilent = (standing?: Standing): number => (standing?.silentSinceMs ? (Date.now() - standing.silentSinceMs) / 1000 : 0);
