/** A field of a posted form; undefined when there is none, or what was posted is no form. */
export function fieldOf(form: unknown, name: string): unknown {
  if (typeof form !== 'object' || form === null || !Object.hasOwn(form, name)) return undefined;
  return (form as Record<string, unknown>)[name];
}
