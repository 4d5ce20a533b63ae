import { describeSummary } from '../alerts/alert-view';
import type { Policy, Sample } from '../apis/policy-api';
import { dateInWords, momentInWords } from '../pages/words';

const RHYTHM_DAYS = { daily: 1, weekly: 7, monthly: 30 } as const;
export const RHYTHMS: Record<Policy['rhythm'], string> = { daily: 'Every day', weekly: 'Every week', monthly: 'Every month' };
export const SELECTIONS: Record<Policy['selection'], string> = { 'every-nth': 'Every so many, in order', random: 'At random' };

const addDays = (day: string, days: number): string => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);

export const latestOf = (samples: readonly Sample[]): Sample | undefined => samples.toSorted((a, b) => b.to.localeCompare(a.to))[0];

/** The days that the next sample covers: from where the latest ended, as long as the rhythm, no later than today. */
export function nextPeriod({ rhythm }: Policy, samples: readonly Sample[], today: string): { from: string; to: string } {
  const latest = latestOf(samples);
  const from = latest ? addDays(latest.to, 1) : addDays(today, 1 - RHYTHM_DAYS[rhythm]);
  const to = addDays(from, RHYTHM_DAYS[rhythm] - 1);
  return from > today ? { from: today, to: today } : { from, to: to < today ? to : today };
}

/** When the next sample is to be drawn. */
export function sampleDue(procedure: Policy, samples: readonly Sample[], today: string) {
  const latest = latestOf(samples);
  const due = latest ? addDays(latest.to, RHYTHM_DAYS[procedure.rhythm]) : today;
  const open = samples.filter((sample) => sample.alerts.some(({ status }) => status !== 'closed'));
  return {
    due: dateInWords(due),
    isDue: due <= today,
    percent: procedure.samplePercent,
    rhythm: RHYTHMS[procedure.rhythm].toLowerCase(),
    open: open.map(describeSample),
  };
}

export function describeSample(sample: Sample) {
  const { date, time } = momentInWords(sample.drawnAt);
  const count = sample.alerts.length;
  return {
    href: `/desk/samples/${encodeURIComponent(sample.id)}`,
    period: `${dateInWords(sample.from)} to ${dateInWords(sample.to)}`,
    drawn: `${date}, ${time}`,
    by: sample.drawnBy.name,
    count,
    population: sample.population,
    share: sample.share,
    selection: SELECTIONS[sample.selection],
    seed: sample.seed,
    checked: sample.checked,
    appropriate: sample.appropriate,
    rules: sample.rules.map((rule) => ({ ...rule, left: rule.population - rule.drawn, isDone: rule.checked >= rule.drawn && rule.appropriate >= rule.drawn })),
    rows: sample.alerts.map((alert) => describeSummary(alert, undefined)),
  };
}
