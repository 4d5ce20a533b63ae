import type { FastifyRequest } from 'fastify';
import { Fault } from '@carespine/fhir';
import { MalformedBody } from '@carespine/service-kit';

/** @throws Fault BAD_REQUEST without a body; MESSAGE_NOT_WELL_FORMED for one that is no JSON */
export function jsonBodyOf({ body, headers }: Pick<FastifyRequest, 'body' | 'headers'>): unknown {
  if (body === undefined || headers['content-length'] === '0') throw new Fault('BAD_REQUEST', { diagnostics: 'Request body is required' });
  if (body instanceof MalformedBody)
    throw new Fault('MESSAGE_NOT_WELL_FORMED', { diagnostics: 'Request body could not be parsed: it is not JSON' });
  if (Buffer.isBuffer(body))
    throw new Fault('MESSAGE_NOT_WELL_FORMED', {
      diagnostics: 'Request body could not be parsed: its Content-Type must be application/fhir+json',
    });
  return body;
}

/**
 * Search parameters of a POST, which may stand in a JSON object or in a form, and beside it in the address.
 *
 * @throws Fault BAD_REQUEST, MESSAGE_NOT_WELL_FORMED
 * @see FHIR R4 http.html#search; record locator specification, "Operations": POST _search
 */
export function parametersOf(request: Pick<FastifyRequest, 'body' | 'headers' | 'query'>): Record<string, unknown> {
  const { body, headers } = request;
  const isForm = /^application\/x-www-form-urlencoded/i.test(headers['content-type'] ?? '');
  const posted = isForm && Buffer.isBuffer(body) ? formOf(body) : jsonBodyOf(request);
  if (typeof posted !== 'object' || posted === null || Array.isArray(posted))
    throw new Fault('MESSAGE_NOT_WELL_FORMED', { diagnostics: 'The body must be a JSON object of search parameters' });
  const parameters: Record<string, unknown> = { ...posted };
  for (const [name, value] of Object.entries(request.query as object))
    parameters[name] = name in parameters ? [parameters[name], value] : value;
  return parameters;
}

function formOf(body: Buffer): Record<string, unknown> {
  const form: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of new URLSearchParams(body.toString())) form[name] = name in form ? [form[name], value] : value;
  return form;
}

/** The parameters as an access record keeps them: what was posted does not stand in the address. */
export function queryOf(parameters: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) query.append(name, typeof value === 'string' ? value : JSON.stringify(value));
  return query.toString();
}
