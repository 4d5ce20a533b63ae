import { Fault } from '@carespine/fhir';
import { invalid, membersOf, missing, oneOf, text, wholeNumber } from '../request-body';
import { OUTCOMES, STEPS, type AlertOutcome, type Status, type Step } from './alert';
import { isReference } from './raising';

/** A step that an officer takes. */
export interface TakenStep {
  version: number;
  step: Step;
  assignee?: string;
  outcome?: AlertOutcome;
  note?: string;
  duplicateOf?: string;
}

/** Which member goes with which step alone; a note may go with any. */
const MEMBERS_OF: Partial<Record<Step, string[]>> = { assign: ['assignee'], close: ['outcome', 'duplicateOf'] };
const NEEDS_NOTE: readonly Step[] = ['note', 'close', 'reopen', 'escalate'];
const LONGEST_NOTE = 4000;

/** @throws Fault naming the member at fault */
export function parseStep(body: unknown): TakenStep {
  const given = membersOf(body, ['version', 'step', 'assignee', 'outcome', 'note', 'duplicateOf']);
  const step = oneOf(given['step'], 'step', STEPS);
  const version = wholeNumber(given['version'], 'version', 1, 2_147_483_647);
  for (const [of, members] of Object.entries(MEMBERS_OF)) {
    const misplaced = of === step ? undefined : members.find((member) => given[member] !== undefined);
    if (misplaced) throw invalid(misplaced, `goes with the step ${of} alone`);
  }
  const taken: TakenStep = { version, step };
  if (step === 'assign') {
    const assignee = text(given['assignee'], 'assignee', 20);
    if (!/^\d{1,20}$/.test(assignee)) throw invalid('assignee', 'a user id');
    taken.assignee = assignee;
  }
  if (step === 'close') {
    taken.outcome = oneOf(given['outcome'], 'outcome', OUTCOMES);
    const { duplicateOf } = given;
    if (duplicateOf !== undefined) {
      if (taken.outcome !== 'duplicate') throw invalid('duplicateOf', 'goes with the outcome duplicate alone');
      if (typeof duplicateOf !== 'string' || !isReference(duplicateOf)) throw invalid('duplicateOf', 'an alert reference');
      taken.duplicateOf = duplicateOf;
    }
  }
  if (given['note'] !== undefined) taken.note = text(given['note'], 'note', LONGEST_NOTE);
  else if (NEEDS_NOTE.includes(step)) throw missing('note');
  return taken;
}

/** Where an alert stands in its life. */
export interface Standing {
  status: Status;
  escalated: boolean;
}

/**
 * The steps that an alert allows.
 *
 * @see audit specification, "Life of an alert": new → under investigation → closed, re-open with a reason
 */
export function stepsOf({ status, escalated }: Standing): Step[] {
  if (status === 'closed') return ['reopen'];
  return ['assign', ...(status === 'new' ? ['investigate' as const] : []), 'note', ...(status === 'under-investigation' ? ['close' as const] : []), ...(escalated ? [] : ['escalate' as const])];
}

/** @throws Fault BUSINESS_RULE where the step is not allowed in this state */
export function after(alert: Standing, step: Step): Standing {
  if (!stepsOf(alert).includes(step)) {
    const state = `${alert.status === 'under-investigation' ? 'under investigation' : alert.status}${alert.escalated ? ' and escalated' : ''}`;
    throw new Fault('BUSINESS_RULE', { diagnostics: `The step '${step}' is not allowed: the alert is ${state}`, expression: 'step' });
  }
  switch (step) {
    case 'investigate':
    case 'reopen':
      return { ...alert, status: 'under-investigation' };
    case 'close':
      return { ...alert, status: 'closed' };
    case 'escalate':
      return { ...alert, escalated: true };
    case 'assign':
    case 'note':
      return alert;
  }
}
