/** A member of staff, as reports name one. */
export interface Person {
  userId: string;
  name: string;
  jobRoleName?: string;
}

/** `yyyy-mm-dd`, both inclusive, Europe/London. */
export interface Days {
  from?: string;
  to?: string;
}

export interface Listed {
  /** Absent where counting would cost too much. */
  total?: number;
  /** Opaque; absent on the last page. */
  next?: string;
}

/** A query string of what is given; a list becomes a parameter each. */
export function queryOf(parameters: Record<string, string | readonly string[] | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) for (const one of [value ?? []].flat()) if (one) query.append(name, one);
  return query.toString();
}
