/** That a summary of every patient's accesses holds this patient with this many, the last of them that leaf; and that the log holds the summary. */
export interface CompletenessProof {
  /** Keyed hash of the NHS number, hex. */
  patientKey: string;
  /** How many accesses the patient had when the summary was made. */
  accesses: number;
  /** Leaf hash of the last of them, base64; each names the one before, so that the list can be followed to the first. */
  lastLeaf: string;
  /** Place of the patient in the summary, and how many patients it holds. */
  summaryPosition: number;
  summarySize: number;
  /** From the patient's leaf to the summary's root, base64. */
  summaryProof: string[];
  /** Base64. */
  summaryRoot: string;
  /** The statement that the log holds, to the letter: JSON that names root and size. */
  summaryStatement: string;
  summaryLeafIndex: number;
  /** From the statement's leaf to the root of the checkpoint, base64. */
  inclusion: string[];
  /** Signed note. */
  checkpoint: string;
}
