import type { AccessRow } from '../reports/access-row';
import type { ActivityPoint } from '../reports/activity';
import type { ReportName } from '../reports/report-query';
import type { EnquiryReport } from '../reports/reports';

export type Cell = string | number;

interface Column<Row> {
  title: string;
  of: (row: Row) => Cell | undefined;
}

const OUTCOMES: Record<string, string> = { 0: 'Done', 4: 'Refused', 8: 'Failed', 12: 'Failed badly' };

const ACCESS: Column<AccessRow>[] = [
  { title: 'Recorded', of: (row) => row.recorded },
  { title: 'User ID', of: (row) => row.user?.userId },
  { title: 'User name', of: (row) => row.user?.name },
  { title: 'Job role', of: (row) => row.user?.jobRoleName },
  { title: 'Role profile ID', of: (row) => row.user?.roleProfileId },
  { title: 'Organisation code', of: (row) => row.organisation.odsCode },
  { title: 'Organisation', of: (row) => row.organisation.name },
  { title: 'System', of: (row) => row.client.name },
  { title: 'Product ID', of: (row) => row.client.productId },
  { title: 'NHS number', of: (row) => row.nhsNumber },
  { title: 'What was done', of: (row) => row.interactionName },
  { title: 'Interaction', of: (row) => row.interaction },
  { title: 'Service', of: (row) => row.service },
  { title: 'Record type', of: (row) => row.resource },
  { title: 'Record version', of: (row) => row.version },
  { title: 'Outcome', of: (row) => OUTCOMES[row.outcome] },
  { title: 'Outcome description', of: (row) => row.outcomeDescription },
  { title: 'Purpose', of: (row) => row.purpose },
  { title: 'Query', of: (row) => row.query },
  { title: 'Network address', of: (row) => row.address },
  { title: 'Access record ID', of: (row) => row.id },
  { title: 'Place in the log', of: (row) => row.leafIndex },
];

const ENQUIRIES: Column<EnquiryReport['rows'][number]>[] = [
  { title: 'User ID', of: (row) => row.user.userId },
  { title: 'User name', of: (row) => row.user.name },
  { title: 'Job role', of: (row) => row.user.jobRoleName },
  { title: 'NHS number', of: (row) => row.nhsNumber },
  { title: 'Traces', of: (row) => row.traces },
  { title: 'Views', of: (row) => row.views },
  { title: 'Changes', of: (row) => row.changes },
  { title: 'First', of: (row) => row.first },
  { title: 'Last', of: (row) => row.last },
];

const ACTIVITY: Column<ActivityPoint>[] = [
  { title: 'From', of: (row) => row.at },
  { title: 'Reads', of: (row) => row.reads },
  { title: 'Searches', of: (row) => row.searches },
  { title: 'Changes', of: (row) => row.changes },
  { title: 'Refusals', of: (row) => row.refusals },
  { title: 'Emergencies', of: (row) => row.emergencies },
];

const COLUMNS = { 'patient-access': ACCESS, 'user-access': ACCESS, 'patient-enquiries': ENQUIRIES, activity: ACTIVITY } as Record<ReportName, Column<object>[]>;

export const titlesOf = (report: ReportName): Cell[] => COLUMNS[report].map(({ title }) => title);

export const cellsOf = (report: ReportName, row: object): Cell[] => COLUMNS[report].map(({ of }) => of(row) ?? '');
