import { Injectable } from '@nestjs/common';
import { Fault } from '@carespine/fhir';
import { Database } from '@carespine/service-kit';
import { proveInclusion, type CompletenessProof } from '@carespine/transparency-log';
import { Integrator } from './integrator';
import { LogReader, type KeptCheckpoint } from './log-reader';
import { Summaries, type SummarisedPatient } from './summaries';

/** That the log holds one access, with what its leaf was made of besides the event's bytes. */
export interface AccessProof {
  /** Id of the event. */
  id: string;
  leafIndex: number;
  /** Base64, as all hashes here. */
  leafHash: string;
  /** Absent when the event was erased at the end of its retention. */
  salt?: string;
  previousLeaf: string;
  /** The event's bytes, which the leaf commits to; absent with the salt. */
  payload?: string;
  /** Hashes from the leaf to the root of the checkpoint. */
  inclusion: string[];
}

/** Proofs that all stand against the one checkpoint. */
export interface AccessProofs {
  /** Signed note. */
  checkpoint: string;
  /** In the order asked; ids that are unknown are left out. */
  proofs: AccessProof[];
}

interface LeafRow {
  event_id: string;
  leaf_index: string;
  leaf_hash: Buffer;
  salt: Buffer;
  previous_leaf: Buffer;
  payload: Buffer;
}

/** What others of this service may ask of the log. */
@Injectable()
export class TransparencyLog {
  constructor(
    private readonly database: Database,
    private readonly reader: LogReader,
    private readonly integrator: Integrator,
    private readonly summaries: Summaries,
  ) {}

  /** How many leaves are provable: those with an index below it. */
  async size(): Promise<number> {
    return (await this.reader.checkpoint())?.size ?? 0;
  }

  /**
   * Proofs that the log holds these accesses; what is not yet provable is made so first.
   *
   * @param ids of events
   * @throws Fault SERVICE_UNAVAILABLE while publishing is frozen and one of them is not in the log yet
   */
  async inclusionOf(ids: readonly string[]): Promise<AccessProofs> {
    const { rows } = await this.database.query<LeafRow>({
      text: `SELECT event_id, leaf_index, leaf_hash, salt, previous_leaf, payload FROM access_events WHERE event_id = ANY($1::uuid[])`,
      values: [ids],
    });
    const byId = new Map(rows.map((row) => [row.event_id, row]));
    const checkpoint = await this.checkpointOf(1 + rows.reduce((last, row) => Math.max(last, Number(row.leaf_index)), -1));
    const proofs: AccessProof[] = [];
    for (const row of ids.map((id) => byId.get(id)).filter((found) => found !== undefined)) {
      const leafIndex = Number(row.leaf_index);
      const inclusion = await proveInclusion(leafIndex, checkpoint.size, this.reader.nodes);
      const isErased = row.salt.length === 0;
      proofs.push({
        id: row.event_id,
        leafIndex,
        leafHash: row.leaf_hash.toString('base64'),
        ...(!isErased && { salt: row.salt.toString('base64'), payload: row.payload.toString('base64') }),
        previousLeaf: row.previous_leaf.toString('base64'),
        inclusion: inclusion.map((hash) => hash.toString('base64')),
      });
    }
    return { checkpoint: await this.reader.cosigned(checkpoint), proofs };
  }

  /**
   * That the newest summary in the log names this patient's number of accesses and the last of them; one is made when there is none that does.
   *
   * @returns undefined for a patient without accesses
   * @throws Fault SERVICE_UNAVAILABLE while publishing is frozen and there is none yet
   */
  async completenessOf(nhsNumber: string): Promise<CompletenessProof | undefined> {
    let checkpoint = await this.checkpointOf(0);
    let found = await this.summaries.find(nhsNumber, checkpoint.size);
    if (!found) {
      const { rowCount } = await this.database.query({ text: 'SELECT FROM patient_chain WHERE nhs_number = $1', values: [nhsNumber] });
      if (!rowCount) return undefined;
      checkpoint = await this.checkpointOf((await this.summaries.make()) + 1);
      found = await this.summaries.find(nhsNumber, checkpoint.size);
    }
    return found && this.completeness(found, checkpoint);
  }

  /** Puts a summary of every patient's accesses into the log, and makes it provable. */
  async summarise(): Promise<void> {
    await this.checkpointOf((await this.summaries.make()) + 1);
  }

  private async completeness(found: SummarisedPatient, checkpoint: KeptCheckpoint): Promise<CompletenessProof> {
    const { root, size } = JSON.parse(found.statement) as { root: string; size: number };
    const inclusion = await proveInclusion(found.leafIndex, checkpoint.size, this.reader.nodes);
    return {
      patientKey: found.patientKey.toString('hex'),
      accesses: found.accesses,
      lastLeaf: found.lastLeaf.toString('base64'),
      summaryPosition: found.position,
      summarySize: size,
      summaryProof: found.proof.map((hash) => hash.toString('base64')),
      summaryRoot: root,
      summaryStatement: found.statement,
      summaryLeafIndex: found.leafIndex,
      inclusion: inclusion.map((hash) => hash.toString('base64')),
      checkpoint: await this.reader.cosigned(checkpoint),
    };
  }

  /** The newest checkpoint, which holds at least so many leaves. */
  private async checkpointOf(size: number): Promise<KeptCheckpoint> {
    let checkpoint = await this.reader.checkpoint();
    while (!checkpoint || checkpoint.size < size) {
      const step = await this.integrator.integrate(true);
      if (step.state !== 'integrated') throw new Fault('SERVICE_UNAVAILABLE', { diagnostics: 'Publishing of the log is frozen', headers: { 'retry-after': '60' } });
      if (step.checkpoint === checkpoint) break;
      checkpoint = step.checkpoint;
    }
    if (!checkpoint) throw new Fault('SERVICE_UNAVAILABLE', { headers: { 'retry-after': '1' } });
    return checkpoint;
  }
}
