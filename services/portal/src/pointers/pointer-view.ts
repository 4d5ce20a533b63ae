import type { OwnPointer, RetrievalFailures } from '../apis/pointers-api';
import type { DocumentReference } from '../apis/record-locator-api';
import { dateInWords, londonDate, momentInWords } from '../pages/words';
import { describeFailure } from '../records/failure-view';
import { WAYS, wayOf } from '../records/record-view';

const when = (instant: string): string => {
  const { date, time } = momentInWords(instant);
  return `${date}, ${time}`;
};

export const describePointer = ({ id, type, date, lastUpdated, contents }: OwnPointer) => ({
  id,
  type: type.display ?? type.code ?? 'Document',
  date: dateInWords(londonDate(new Date(date))),
  changed: lastUpdated && when(lastUpdated),
  formats: contents.map(({ format, mechanism }) => [format.display ?? format.code, mechanism].filter(Boolean).join(', ')),
});

/** As the organisation itself is told. */
const FAULT = { ours: 'The platform’s', provider: 'Your organisation’s', pointer: 'Your organisation’s: what it registered' };

/** Failures by what went wrong, and the latest of them. */
export const describeFailures = ({ days, codes, latest }: RetrievalFailures) => ({
  days,
  codes: codes.map(({ code, count, latest: last }) => {
    const { whose, what } = describeFailure(code);
    return { what, fault: FAULT[whose], code, count, last: when(last) };
  }),
  latest: latest.map(({ pointerId, code, at }) => ({ pointerId, what: describeFailure(code).what, at: when(at) })),
});

/** A pointer whole, for its custodian. */
export const describeOwn = (pointer: DocumentReference) => ({
  id: pointer.id,
  type: pointer.type.coding?.[0]?.display ?? 'Document',
  category: pointer.category[0]?.coding?.[0]?.display ?? '',
  made: when(pointer.date),
  setting: pointer.context?.practiceSetting?.coding?.[0]?.display ?? '',
  nhsNumber: pointer.subject.identifier?.value ?? '',
  contents: pointer.content.map((content) => ({ ...WAYS[wayOf(content)], url: content.attachment.url, title: content.attachment.title ?? '' })),
});
