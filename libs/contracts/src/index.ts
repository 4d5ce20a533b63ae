export { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
export { timestampDate, timestampFromDate, timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
export * from './generated/carespine/audit/v1/access_events_pb';
export * from './generated/carespine/audit/v1/staff_events_pb';
export * from './generated/carespine/demographics/v1/patient_events_pb';
export * from './generated/carespine/record_locator/v1/pointer_events_pb';
