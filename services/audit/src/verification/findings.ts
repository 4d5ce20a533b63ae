/** What can be wrong with a log. */
export type FindingKind =
  /** An index without a leaf. */
  | 'leaf-missing'
  /** The event is not the one that was taken into the tree. */
  | 'leaf-altered'
  /** Two leaves claim one index, or one lies outside the log. */
  | 'leaf-out-of-place'
  /** What is searched is not what the event's bytes say. */
  | 'column-altered'
  | 'tile-altered'
  | 'tile-missing'
  /** The signature fails, is an unknown key's, or the note says something other than its row. */
  | 'checkpoint-forged'
  /** One is missing, or sizes do not grow. */
  | 'checkpoint-order'
  /** The tree of that size does not have the signed root. */
  | 'checkpoint-root'
  /** Tiles, cosignatures or a witness know of a larger log than the newest checkpoint does. */
  | 'checkpoint-rolled-back'
  /** An access does not name the one before it of the same patient. */
  | 'chain-broken'
  /** What is kept of a patient's newest access is not it. */
  | 'chain-end'
  /** A summary that answers are drawn from is not what the events say. */
  | 'summary-altered'
  /** What the log says of itself is not readable, or was not said when it claims. */
  | 'statement-forged'
  /** An event is gone, and no statement in the log says so, or before its time; or one says so and it is not. */
  | 'erasure-unlawful'
  /** A service has recorded accesses that are not in the log. */
  | 'emitted-missing'
  /** The log holds accesses that no service has recorded. */
  | 'never-emitted'
  /** The verification stumbled over what is stored. */
  | 'unreadable';

export interface Finding {
  kind: FindingKind;
  /** How often. */
  times: number;
  /** Where, for the first of them: leaf indices, sizes, tiles or services. Never of whom. */
  at: string[];
}

const SHOWN = 20;

/** Collects what is wrong, without growing with it. */
export class Findings {
  private readonly byKind = new Map<FindingKind, Finding>();

  add(kind: FindingKind, at: number | string, times = 1): void {
    const finding = this.byKind.get(kind) ?? { kind, times: 0, at: [] };
    this.byKind.set(kind, finding);
    finding.times += times;
    if (finding.at.length < SHOWN) finding.at.push(String(at));
  }

  get all(): Finding[] {
    return [...this.byKind.values()];
  }
}
