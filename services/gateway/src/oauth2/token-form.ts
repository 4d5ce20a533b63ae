import { invalidRequest } from './oauth-fault';

/** Parameters by name; none of them empty. */
export type TokenForm = ReadonlyMap<string, string>;

/** Far above what the largest good request needs: two signed tokens. */
export const LARGEST_FORM = 64 * 1024;

/**
 * @throws OAuthFault 415 for anything but a form, 400 for one that is not UTF-8 or says something twice
 * @see RFC 6749, section 3.2: an empty parameter counts as absent, none may be repeated, unknown ones are ignored
 */
export function readForm(contentType: string | undefined, body: unknown): TokenForm {
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType ?? '')) {
    throw invalidRequest('Invalid Content-Type header - must be application/x-www-form-urlencoded', 415);
  }
  const form = new Map<string, string>();
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(textOf(body))) {
    if (seen.has(name)) throw invalidRequest(`${/^\w{1,64}$/.test(name) ? name : 'A parameter'} is given more than once`);
    seen.add(name);
    if (value !== '') form.set(name, value);
  }
  return form;
}

function textOf(body: unknown): string {
  try {
    return Buffer.isBuffer(body) ? new TextDecoder('utf-8', { fatal: true }).decode(body) : '';
  } catch {
    throw invalidRequest('The form is not UTF-8');
  }
}
