export { Fault, SPINE_ERROR_SYSTEM, type FaultDetails, type OperationOutcome } from './fault';
export { FAULTS, type FaultCode } from './fault-codes';
export { formatNhsNumber, isNhsNumber, nhsNumberFrom, parseNhsNumber, type NhsNumber } from './nhs-number';
export { searchset, type Bundle, type BundleEntry } from './bundle';
export { isCalendarDate, type CalendarDate } from './calendar-date';
export { EXTENSION_URLS } from './extension-urls';
export type * from './patient';
