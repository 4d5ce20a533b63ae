import type { CompletenessProof } from '@carespine/transparency-log';

/** What an answer says before its accesses. */
export interface AccountHead {
  reference: string;
  organisation: { odsCode: string; name: string };
  nhsNumber: string;
  /** Others that were found to be the same person's. */
  mergedNumbers: string[];
  from: string;
  to: string;
  preparedAt: string;
  namesWithheld?: string;
}

export interface AccountAccess {
  /** 1 for the first that is shown; the guardian names accesses by it. */
  number: number;
  recorded: string;
  /** In words, Europe/London. */
  when: string;
  organisation: { odsCode: string; name: string };
  /** Job title; of a system without a person, that it is one. */
  role: string;
  /** Absent where it is withheld, or where there was no person. */
  name?: string;
  nameWithheld: boolean;
  what: string;
  why: string;
  outcome: string;
  system: string;
  proof: AccessInLog;
}

/** That the log holds an access: by the hash of its leaf alone, since the leaf's bytes hold what is not the person's, such as network addresses. */
export interface AccessInLog {
  leafIndex: number;
  leafHash: string;
  inclusion: string[];
  /** Position among the answer's checkpoints. */
  checkpoint: number;
}

export interface AccountAlert {
  raised: string;
  about: string;
  outcome: string;
}

/** Every access that the log holds of one NHS number, oldest first, and that there are no others. */
export interface AccountChain {
  completeness: CompletenessProof;
  leaves: { leafIndex: number; leafHash: string; previousLeaf: string }[];
}

/** What it says after them. */
export interface AccountTail {
  accesses: number;
  alerts: AccountAlert[];
  /** Whose policy withholds the names of their staff, and why. */
  namesWithheldBy: { odsCode: string; name: string; reason: string }[];
  /** Whether anything is left out. Neither what kind of thing nor how many: that could tell what must not be told. */
  isPartial: boolean;
  checkpoints: string[];
  chains: AccountChain[];
}

/** One format of the answer, written as its parts become known. */
export interface AccountWriter {
  begin(head: AccountHead): void;
  access(access: AccountAccess): void;
  end(tail: AccountTail): Promise<void>;
  /** What was written since it was last asked. */
  drain(): Buffer;
}
