import type { CalendarDate } from '@carespine/fhir';

const LONDON_DAY = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' });

/** Today's calendar date in London, `yyyy-mm-dd`. */
export const todayInLondon = (): CalendarDate => LONDON_DAY.format(new Date());
