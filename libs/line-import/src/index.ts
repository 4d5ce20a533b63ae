export { fingerprintOf, importAlone, importLines, type LineImport, type Progress, type Refusals } from './import-lines';
export { jsonOf } from './json-line';
export type { Line } from './lines';
export { Refusal } from './refusal';
