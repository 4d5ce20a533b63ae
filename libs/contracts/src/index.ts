import { createRegistry } from '@bufbuild/protobuf';
import { file_carespine_audit_v1_access_events } from './generated/carespine/audit/v1/access_events_pb';
import { file_carespine_audit_v1_staff_events } from './generated/carespine/audit/v1/staff_events_pb';
import { file_carespine_demographics_v1_patient_events } from './generated/carespine/demographics/v1/patient_events_pb';
import { file_carespine_record_locator_v1_pointer_events } from './generated/carespine/record_locator/v1/pointer_events_pb';

export { create, fromBinary, fromJson, toBinary, toJson, type MessageInitShape } from '@bufbuild/protobuf';
export { timestampDate, timestampFromDate, timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
export * from './generated/carespine/audit/v1/access_events_pb';
export * from './generated/carespine/audit/v1/staff_events_pb';
export * from './generated/carespine/demographics/v1/patient_events_pb';
export * from './generated/carespine/record_locator/v1/pointer_events_pb';

/** Every message by its full name, for whoever holds an event and not its contract: `contracts.getMessage('carespine.audit.v1.AccessRecorded')`. */
export const contracts = createRegistry(
  file_carespine_audit_v1_access_events,
  file_carespine_audit_v1_staff_events,
  file_carespine_demographics_v1_patient_events,
  file_carespine_record_locator_v1_pointer_events,
);
