import type { AlertQuery } from '../apis/alerts-api';
import { chosenOf, checkForm, dateIn, type Errors, type Field, type Option, type Values } from '../forms/form';

const STATUS: Field = {
  name: 'status',
  label: 'State',
  kind: 'checkboxes',
  options: [
    { value: 'new', text: 'New' },
    { value: 'under-investigation', text: 'Under investigation' },
    { value: 'closed', text: 'Closed' },
  ],
};

/** @param rules those that have raised alerts */
export const alertFilters = (rules: readonly Option[]): readonly Field[] => [
  STATUS,
  {
    name: 'assignee',
    label: 'Assigned to',
    kind: 'select',
    empty: 'Anybody or nobody',
    options: [
      { value: 'me', text: 'Me' },
      { value: 'none', text: 'Nobody' },
    ],
  },
  { name: 'rule', label: 'Kind of alert', kind: 'select', empty: 'Any', options: rules },
  { name: 'escalated', label: 'Only those with the Caldicott Guardian', kind: 'checkbox' },
  { name: 'from', label: 'Raised from', kind: 'date' },
  { name: 'to', label: 'Raised to', kind: 'date' },
];

export function checkAlertFilters(fields: readonly Field[], values: Values): Errors {
  const errors = checkForm(fields, values);
  const [from, to] = [dateIn(values, 'from'), dateIn(values, 'to')];
  if (from && to && to < from) errors.to ??= 'The last date must be the same as or after the first date';
  return errors;
}

export const alertQuery = (values: Values): AlertQuery => ({
  status: chosenOf(STATUS, values),
  rule: values.rule,
  assignee: values.assignee,
  ...(values.escalated && { escalated: 'true' }),
  from: dateIn(values, 'from'),
  to: dateIn(values, 'to'),
});
