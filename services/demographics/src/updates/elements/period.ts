import { isCalendarDate } from '@carespine/fhir';
import { invalidUpdate, invalidValue } from '../faults';
import { allowMembers, elementIn, requireMember, touches, type Element, type Moment } from './element';

/**
 * The period of an element: whole days, optional; an element given without one is valid from today.
 *
 * @throws Fault MISSING_VALUE without a start, INVALID_VALUE for what is no day, INVALID_UPDATE when the days are in the wrong order
 * @see demographics specification, "period rules (all periods)"
 */
export function checkPeriod(element: Element, { today }: Moment): void {
  if (element.whole && element.value['period'] === undefined) element.value['period'] = { start: today };
  const period = elementIn(element, 'period');
  if (period === undefined || !touches(element, 'period')) return;
  allowMembers(period, ['start', 'end']);
  requireMember(period, 'start');
  const { start, end } = period.value;
  for (const [member, day] of Object.entries(period.value)) {
    if (touches(period, member) && (typeof day !== 'string' || !isCalendarDate(day))) throw invalidValue(day, `${period.at}/${member}`);
  }
  if (touches(period, 'start') && String(start) > today) throw invalidUpdate('period start date must not be in the future');
  if (end !== undefined && String(end) < String(start)) throw invalidUpdate('period end date must not be before the start date');
}
