import { londonDay } from '../london';
import { thresholdOf, type Policy } from '../organisation-policy/policy';
import { isRefusal, isTrace, isView, type ActKind } from './act';

/** An act of one user, as a window holds it. */
export type WindowAct = ActKind & { eventId: string; recorded: Date; requestId: string };

export const WINDOW_RULES = ['many-patients', 'search-trawling', 'refusal-burst'] as const;
export type WindowRule = (typeof WINDOW_RULES)[number];

export interface WindowHit {
  rule: WindowRule;
  reason: string;
  /** The acts that were too many. */
  evidence: WindowAct[];
  /** How many it took. */
  needed: number;
}

export interface Measured {
  /** The last of each London day. */
  hits: WindowHit[];
  /** How many more acts of the rule's kind there must be at least before it can fire. */
  credit: number;
}

/** Whether an act counts towards a rule at all. */
export const COUNTS: Record<WindowRule, (act: ActKind) => boolean> = {
  'many-patients': isView,
  'search-trawling': isTrace,
  'refusal-burst': isRefusal,
};

export const windowMs = (policy: Policy, rule: WindowRule): number => thresholdOf(policy, rule, 'windowMinutes') * 60_000;

/** How many of a rule's acts fire it. A busy job role may have a baseline of its own. */
export function neededFor(policy: Policy, rule: WindowRule, jobRole: string): number {
  if (rule === 'many-patients') return thresholdOf(policy, rule, jobRole) || thresholdOf(policy, rule, 'patients');
  return thresholdOf(policy, rule, rule === 'search-trawling' ? 'searches' : 'refusals');
}

/** Records of one user come this much out of order, since several services write them. */
export const DISORDER_MS = 60_000;

/**
 * One user's acts held against one rule, in every stretch of the window's length that holds something new.
 *
 * @param acts of one user, oldest first, from a window (and {@link DISORDER_MS}) before the earliest act that is new
 * @param isNew whether an act was not judged before: a stretch without one was
 */
export function measure(rule: WindowRule, acts: readonly WindowAct[], policy: Policy, jobRole: string, isNew: (act: WindowAct) => boolean): Measured {
  const needed = neededFor(policy, rule, jobRole);
  const length = windowMs(policy, rule);
  const counted = acts.filter(COUNTS[rule]);
  const views = rule === 'search-trawling' ? acts.filter(isView) : [];
  const keyOf = rule === 'many-patients' ? (act: WindowAct) => act.nhsNumber : rule === 'search-trawling' ? (act: WindowAct) => act.requestId : (act: WindowAct) => act.eventId;
  const window = new Tally(keyOf);
  const widest = new Tally(keyOf);
  const viewed = new Tally((act) => act.nhsNumber);
  let nextView = 0;
  let newest = -1;
  /** Of each day the last: where its stretch begins and ends in `counted`. */
  const found = new Map<string, { reason: string; from: number; to: number }>();
  for (const [i, act] of counted.entries()) {
    const since = act.recorded.getTime() - length;
    if (isNew(act)) newest = i;
    window.add(act, since);
    widest.add(act, since - DISORDER_MS);
    for (let view = views[nextView]; view && view.recorded <= act.recorded; view = views[++nextView]) viewed.add(view, since);
    viewed.forget(since);
    if (window.size < needed || newest < window.first) continue;
    if (rule === 'search-trawling' && viewed.size * 100 > window.size * thresholdOf(policy, rule, 'viewsPercent')) continue;
    found.set(londonDay(act.recorded), { reason: reasonOf(rule, window.size, viewed.size, length / 60_000), from: window.first, to: i + 1 });
  }
  const hits = [...found.values()].map(({ reason, from, to }) => ({ rule, reason, evidence: counted.slice(from, to), needed }));
  // the stretch slides on: it can grow by one an act, no faster
  return { hits, credit: Math.max(1, needed - widest.size) };
}

function reasonOf(rule: WindowRule, count: number, views: number, minutes: number): string {
  if (rule === 'many-patients') return `${count} patients within ${minutes} minutes`;
  if (rule === 'search-trawling') return `${count} searches and ${views} records opened within ${minutes} minutes`;
  return `${count} refusals within ${minutes} minutes`;
}

/** Distinct things within a window that slides. */
class Tally {
  /** Place of the oldest act in the window, among all that were added. */
  first = 0;
  private readonly acts: WindowAct[] = [];
  private readonly counts = new Map<string, number>();

  constructor(private readonly keyOf: (act: WindowAct) => string) {}

  get size(): number {
    return this.counts.size;
  }

  add(act: WindowAct, since: number): void {
    this.acts.push(act);
    this.counts.set(this.keyOf(act), (this.counts.get(this.keyOf(act)) ?? 0) + 1);
    this.forget(since);
  }

  forget(since: number): void {
    for (let act = this.acts[this.first]; act && act.recorded.getTime() <= since; act = this.acts[++this.first]) {
      const key = this.keyOf(act);
      const left = (this.counts.get(key) ?? 1) - 1;
      if (left === 0) this.counts.delete(key);
      else this.counts.set(key, left);
    }
  }
}
