import type { EnquiryRow } from '../apis/reports-api';
import { momentInWords } from '../pages/words';

/** Who searched for whom, in an officer's words. */
export function describeEnquiry({ user, nhsNumber, traces, views, changes, first, last }: EnquiryRow) {
  const [from, to] = [momentInWords(first), momentInWords(last)];
  return { user: user.name || 'Name not recorded', userId: user.userId, role: user.jobRoleName ?? '', nhsNumber, traces, views, changes, from, to };
}
