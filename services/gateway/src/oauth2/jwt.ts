/** Header and claims of a signed token, read and not yet proven. */
export interface UnprovenJwt {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
}

const LONGEST = 16_384;

/**
 * Takes a token in JWS compact serialisation apart.
 *
 * @returns undefined for anything else: also where header or claims name something twice, since readers differ in what they then believe
 * @see RFC 7515, section 4, and RFC 7519, section 4: member names are unique
 */
export function readJwt(token: string): UnprovenJwt | undefined {
  if (token.length > LONGEST || !/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) return undefined;
  const [header, claims] = token.split('.').slice(0, 2).map(objectIn);
  return header && claims && { header, claims };
}

function objectIn(part: string): Record<string, unknown> | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(part, 'base64url'));
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value) || repeatsMember(text)) return undefined;
    return value as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** @param json valid JSON of an object; looks at its own members only */
function repeatsMember(json: string): boolean {
  const names = new Set<string>();
  let depth = 0;
  for (const [token, name] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (name !== undefined && depth === 1) {
      const unescaped = JSON.parse(name) as string;
      if (names.has(unescaped)) return true;
      names.add(unescaped);
    }
  }
  return false;
}
