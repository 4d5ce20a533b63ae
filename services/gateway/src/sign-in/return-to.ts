/** Where a user lands who asked for no page. */
const FIRST_PAGE = '/find-a-patient';
/** A path of this site in printable characters, which no browser takes for another site's address. */
const LOCAL_PATH = /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,2000}$/;

/** The page that a request wants to come back to; the start page when what it names is no path of ours. */
export function returnToIn(given: unknown): string {
  if (given === undefined || given === '') return FIRST_PAGE;
  return typeof given === 'string' && LOCAL_PATH.test(given) ? given : '/';
}
