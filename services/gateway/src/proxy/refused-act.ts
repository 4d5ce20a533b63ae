import { Interaction } from '@carespine/contracts';
import { isNhsNumber } from '@carespine/fhir';

/** What a request asked for. */
export interface Act {
  interaction: Interaction;
  /** FHIR type. */
  resource?: string;
  query?: string;
  nhsNumber?: string;
}

const BY_METHOD: Record<string, Interaction> = {
  GET: Interaction.READ,
  HEAD: Interaction.READ,
  POST: Interaction.CREATE,
  PUT: Interaction.UPDATE,
  PATCH: Interaction.PATCH,
  DELETE: Interaction.DELETE,
};
const PATIENT_PARAMETERS = ['subject:identifier', 'patient', 'patient:identifier'];

/**
 * What a refused request would have been for the service behind, as far as its address tells.
 *
 * @param url path and query
 * @see audit specification, "Record": failures follow the pattern of the success
 */
export function actOf(method: string, url: string): Act {
  const mark = url.indexOf('?');
  const query = mark === -1 ? undefined : url.slice(mark + 1, mark + 2049);
  const path = mark === -1 ? url : url.slice(0, mark);
  // a type and an id, again and again
  const segments = (/\/FHIR\/R4\/(.*)$/.exec(path)?.[1] ?? '').split('/').filter(Boolean);
  const at = segments.findLastIndex((segment, i) => i % 2 === 0 && /^[A-Z][A-Za-z]{1,63}$/.test(segment));
  const resource = segments[at];
  const isOfNothingNamed = resource !== undefined && at === 0 && segments.length === 1;
  const isSearch = segments.includes('_search') || (isOfNothingNamed && (method === 'GET' || method === 'HEAD'));
  const interaction = segments.some((segment) => segment.startsWith('$'))
    ? Interaction.OPERATION
    : isSearch
      ? Interaction.SEARCH_TYPE
      : segments.includes('_history')
        ? Interaction.VREAD
        : (BY_METHOD[method] ?? Interaction.OPERATION);
  const nhsNumber = patientOf(segments, query);
  return { interaction, ...(resource && { resource }), ...(query !== undefined && { query }), ...(nhsNumber && { nhsNumber }) };
}

function patientOf(segments: readonly string[], query = ''): string | undefined {
  const parameters = new URLSearchParams(query);
  const named = [segments[0] === 'Patient' ? segments[1] : undefined, ...PATIENT_PARAMETERS.map((name) => parameters.get(name))];
  // a bare number, Patient/… or https://fhir.nhs.uk/Id/nhs-number|…
  return named.map((value) => value?.split(/[|/]/).at(-1)).find((value) => value !== undefined && isNhsNumber(value));
}
