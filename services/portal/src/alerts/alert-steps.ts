import type { Alert, StepTaken } from '../apis/alerts-api';
import type { Errors, Field, Values } from '../forms/form';
import { OUTCOMES } from './alert-view';

/** Something that an officer does with an alert. */
export interface StepForm {
  step: string;
  /** Of its link and its page. */
  title: string;
  button: string;
  hint?: string;
  /** Without fields it is one button on the alert's page. */
  fields: (alert: Alert) => readonly Field[];
}

const note = (label: string, required: string, hint?: string): Field => ({
  name: 'note',
  label,
  kind: 'textarea',
  required,
  maxLength: 4000,
  ...(hint && { hint }),
});

/** @see audit specification, "Life of an alert": closing needs an outcome and a note, re-opening a reason */
export const STEP_FORMS: readonly StepForm[] = [
  { step: 'investigate', title: 'Start looking into it', button: 'Start looking into it', fields: () => [] },
  {
    step: 'assign',
    title: 'Assign it',
    button: 'Assign',
    fields: ({ assignable }) => [
      {
        name: 'assignee',
        label: 'Who looks into it',
        kind: 'select',
        required: 'Select who looks into it',
        options: assignable.map(({ userId, name, jobRole }) => ({ value: userId, text: `${name}, ${jobRole}` })),
      },
    ],
  },
  {
    step: 'note',
    title: 'Add a note',
    button: 'Add note',
    fields: () => [note('Note', 'Enter a note', 'What you asked, whom, and what you learnt. Everyone who handles the alert reads it.')],
  },
  {
    step: 'close',
    title: 'Close it',
    button: 'Close alert',
    fields: () => [
      {
        name: 'outcome',
        label: 'What was the outcome?',
        kind: 'radios',
        required: 'Select the outcome',
        options: Object.entries(OUTCOMES).map(([value, text]) => ({ value, text })),
      },
      { name: 'duplicateOf', label: 'Reference of the other alert', hint: 'For a duplicate alone', kind: 'text', width: 20, maxLength: 64 },
      note('What you found', 'Enter what you found', 'What you checked, and why you came to this outcome'),
    ],
  },
  {
    step: 'reopen',
    title: 'Open it again',
    button: 'Open again',
    fields: () => [note('Why it is opened again', 'Enter why it is opened again')],
  },
  {
    step: 'escalate',
    title: 'Pass it to the Caldicott Guardian',
    button: 'Pass to the guardian',
    fields: () => [note('Why the guardian should decide', 'Enter why the guardian should decide')],
  },
];

/** What the fields cannot check alone. */
export function checkStep({ step }: StepForm, values: Values): Errors {
  if (step !== 'close') return {};
  if (values.outcome === 'duplicate' && !values.duplicateOf) return { duplicateOf: 'Enter the reference of the other alert' };
  if (values.outcome !== 'duplicate' && values.duplicateOf) return { duplicateOf: 'Leave this empty, or select ‘Duplicate’ as the outcome' };
  return {};
}

export const stepTaken = ({ step }: StepForm, version: number, { assignee, outcome, note: text, duplicateOf }: Values): StepTaken => ({
  version,
  step,
  ...(assignee && { assignee }),
  ...(outcome && { outcome }),
  ...(text && { note: text }),
  ...(duplicateOf && { duplicateOf }),
});
