import { isCalendarDate } from '@carespine/fhir';

export interface Option {
  value: string;
  text: string;
  hint?: string;
}

/** One question of a form: enough to draw it, read it and refuse it in words. */
export interface Field {
  name: string;
  label: string;
  hint?: string;
  /** `date` is three inputs: `<name>-day`, `<name>-month`, `<name>-year`; `checkboxes` one a choice: `<name>-<value>`. */
  kind: 'text' | 'textarea' | 'date' | 'radios' | 'select' | 'checkbox' | 'checkboxes';
  options?: readonly Option[];
  /** How a `select` says that nothing is chosen, `None` unless told. */
  empty?: string;
  /** The error when nothing was entered. Absent: the answer is optional. */
  required?: string;
  /** Characters, 100 unless told. */
  maxLength?: number;
  /** In characters, as nhsuk-frontend offers it. */
  width?: 3 | 5 | 10 | 20 | 30;
  type?: 'text' | 'email' | 'tel';
  inputmode?: 'numeric' | 'tel' | 'email';
  /** Starts a new group of questions under this heading. */
  group?: string;
}

/** What was typed, one entry an input; inputs left empty are ''. */
export type Values = Record<string, string>;
/** What is wrong, one message a field, in the order of the form. */
export type Errors = Record<string, string>;

const dateParts = (name: string) => [`${name}-day`, `${name}-month`, `${name}-year`] as const;

export function inputsOf({ kind, name, options = [] }: Field): readonly string[] {
  if (kind === 'date') return dateParts(name);
  return kind === 'checkboxes' ? options.map(({ value }) => `${name}-${value}`) : [name];
}

/** The choices of a `checkboxes` field that are ticked. */
export const chosenOf = (field: Field, values: Values): string[] =>
  (field.options ?? []).map(({ value }) => value).filter((value) => values[`${field.name}-${value}`]);

/** Takes the form's own inputs out of a posted body. Anything that is not text counts as left empty. */
export function readForm(fields: readonly Field[], body: unknown, prefix = ''): Values {
  const posted = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const values: Values = {};
  for (const field of fields) {
    const space = field.kind === 'textarea' ? /[^\S\n]+/g : /\s+/g; // lines are kept where several can be written
    for (const input of inputsOf(field)) {
      const typed = Object.hasOwn(posted, prefix + input) ? posted[prefix + input] : undefined;
      values[input] = typeof typed === 'string' ? typed.normalize('NFC').replace(space, ' ').trim() : '';
    }
  }
  return values;
}

/** The date of a `date` field as `yyyy-mm-dd`: '' when nothing was typed, undefined when it is no real date. */
export function dateIn(values: Values, name: string): string | undefined {
  const [day, month, year] = dateParts(name).map((part) => values[part] ?? '');
  if (!day && !month && !year) return '';
  if (![day, month, year].every((part) => part && /^\d{1,4}$/.test(part)) || year?.length !== 4) return undefined;
  const date = `${year}-${month?.padStart(2, '0')}-${day?.padStart(2, '0')}`;
  return isCalendarDate(date) ? date : undefined;
}

/** The three inputs of a date field, from `yyyy-mm-dd`; a partial or absent date leaves the rest empty. */
export function dateValues(name: string, date = ''): Values {
  const [year = '', month = '', day = ''] = date.slice(0, 10).split('-');
  const trim = (part: string) => part.replace(/^0/, '');
  return { [`${name}-day`]: trim(day), [`${name}-month`]: trim(month), [`${name}-year`]: year };
}

/**
 * The checks that every form shares: required answers, lengths, real dates, offered options.
 *
 * @see NHS digital service manual, content for error messages: say what to do, name the field
 */
export function checkForm(fields: readonly Field[], values: Values): Errors {
  const errors: Errors = {};
  for (const field of fields) {
    const error = errorOf(field, values);
    if (error) errors[field.name] = error;
  }
  return errors;
}

function errorOf(field: Field, values: Values): string | undefined {
  if (field.kind === 'date') return dateError(field, values);
  if (field.kind === 'checkboxes') return chosenOf(field, values).length === 0 ? field.required : undefined;
  return answerError(field, values[field.name] ?? '');
}

function answerError(field: Field, value: string): string | undefined {
  if (!value) return field.required;
  if (field.kind === 'checkbox') return value === 'yes' ? undefined : `Select or clear ‘${field.label}’`;
  if (field.options && !field.options.some((option) => option.value === value)) return `Select ${lower(field.label)} from the list`;
  const limit = field.maxLength ?? 100;
  return value.length > limit ? `${field.label} must be ${limit} characters or fewer` : undefined;
}

function dateError(field: Field, values: Values): string | undefined {
  const missing = dateParts(field.name).filter((part) => !values[part]);
  if (missing.length === 3) return field.required;
  if (missing.length > 0) {
    return `${field.label} must include a ${missing.map((part) => part.slice(field.name.length + 1)).join(' and a ')}`;
  }
  const year = values[`${field.name}-year`] ?? '';
  if (!/^\d{4}$/.test(year)) return `${field.label} must have a year with 4 numbers, for example 1985`;
  return dateIn(values, field.name) === undefined ? `${field.label} must be a real date, for example 15 3 1985` : undefined;
}

/** A label inside a sentence; abbreviations keep their capitals. */
export const lower = (label: string): string => (/^[A-Z]{2}/.test(label) ? label : label.charAt(0).toLowerCase() + label.slice(1));

type FieldView = Field & { value: string; parts: Values; error?: string };

export interface FormView {
  fields: FieldView[];
  /** The same fields under their headings, where the form has any. */
  groups: { title: string; fields: FieldView[] }[];
  /** For the error summary: each message with a link to its first input. */
  errors: { text: string; href?: string }[];
}

/** All that the templates need to draw a form. Errors without a field of that name stand in the summary alone. */
export function presentForm(fields: readonly Field[], values: Values, errors: Errors = {}): FormView {
  const views = fields.map((field): FieldView => ({
    ...field,
    value: values[field.name] ?? '',
    parts: Object.fromEntries(inputsOf(field).map((input) => [input, values[input] ?? ''])),
    ...(errors[field.name] && { error: errors[field.name] }),
  }));
  const groups: FormView['groups'] = [];
  for (const view of views) {
    if (view.group) groups.push({ title: view.group, fields: [] });
    groups.at(-1)?.fields.push(view);
  }
  return {
    fields: views,
    groups,
    errors: Object.entries(errors).map(([name, text]) => {
      const field = fields.find((candidate) => candidate.name === name);
      return field ? { text, href: `#${inputsOf(field)[0]}` } : { text };
    }),
  };
}

/** A number that the form itself carries, such as the version that it showed. */
export function carriedNumber(body: unknown, name: string, otherwise: number): number {
  const value = ((body ?? {}) as Record<string, unknown>)[name];
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : otherwise;
}
