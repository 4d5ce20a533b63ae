import { Injectable } from '@nestjs/common';
import { Fault } from '@carespine/fhir';
import type { CompletenessProof } from '@carespine/transparency-log';

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

/** What others of this service may ask of the log. */
@Injectable()
export class TransparencyLog {
  /**
   * Proofs that the log holds these accesses; what is not yet provable is made so first.
   *
   * @param ids of events
   * @throws Fault SERVICE_UNAVAILABLE while publishing is frozen and one of them is not in the log yet
   */
  inclusionOf(_ids: readonly string[]): Promise<AccessProofs> {
    throw new Fault('SERVICE_UNAVAILABLE');
  }

  /**
   * That the newest summary in the log names this patient's number of accesses and the last of them; one is made when there is none that does.
   *
   * @returns undefined for a patient without accesses
   * @throws Fault SERVICE_UNAVAILABLE while publishing is frozen and there is none yet
   */
  completenessOf(_nhsNumber: string): Promise<CompletenessProof | undefined> {
    throw new Fault('SERVICE_UNAVAILABLE');
  }

  /** Puts a summary of every patient's accesses into the log. */
  summarise(): Promise<void> {
    throw new Fault('SERVICE_UNAVAILABLE');
  }
}
