import { aPatient } from './testing/example-patients';
import { test, forbidden, describeRules, type Case } from './testing/rule-cases';

const CASES: Case[] = ['R', 'V', 'REDACTED'].map((code) => ({
  rule: `restricted record: ${code}`,
  record: aPatient({ meta: { versionId: '2', security: [{ code }] } }),
  patches: [test('/gender', 'female')],
  refused: forbidden('source not permitted to update a restricted record'),
}));

describeRules('outcomes (7.3)', CASES);
