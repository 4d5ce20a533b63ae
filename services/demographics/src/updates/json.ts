/** A JSON object as parsed; its members are unknown until a rule has looked at them. */
export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Equality of RFC 6902 `test`: members in any order, array items in theirs. */
export function sameJson(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => sameJson(item, other[index]));
  }
  if (isJsonObject(one) && isJsonObject(other)) {
    const names = Object.keys(one);
    return (
      names.length === Object.keys(other).length && names.every((name) => Object.hasOwn(other, name) && sameJson(one[name], other[name]))
    );
  }
  return one === other;
}

const LONGEST_PRINTED_VALUE = 200;

/**
 * A value as diagnostics show it: text bare, everything else as a literal with single quotes.
 *
 * @see demographics specification, "Errors": values too large to print are replaced by a placeholder
 */
export function printed(value: unknown): string {
  const text = typeof value === 'string' ? value : literal(value);
  return text.length > LONGEST_PRINTED_VALUE ? '<json too long to display>' : text;
}

function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (isJsonObject(value)) {
    const members = Object.entries(value).map(([name, member]) => `'${name}': ${literal(member)}`);
    return `{${members.join(', ')}}`;
  }
  return String(value);
}
