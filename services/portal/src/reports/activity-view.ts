import type { Activity, ActivityPoint } from '../apis/reports-api';
import { momentInWords } from '../pages/words';

const SERIES: { key: Exclude<keyof ActivityPoint, 'at'>; title: string }[] = [
  { key: 'reads', title: 'Records opened' },
  { key: 'searches', title: 'Searches' },
  { key: 'changes', title: 'Changes' },
  { key: 'refusals', title: 'Refused' },
  { key: 'emergencies', title: 'Emergency access' },
];

const MEASURES: Record<string, string> = {
  patients: 'Patients opened',
  searches: 'Searches',
  refusals: 'Refused attempts',
  'out-of-hours': 'Accesses outside opening hours',
  emergencies: 'Emergency accesses',
};

/** A bar of a chart, in units of its view box. */
export interface Bar {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Chart {
  title: string;
  total: number;
  /** The tallest bar in words; '' when every bar is empty. */
  peak: string;
  most: number;
  bars: Bar[];
  width: number;
  height: number;
}

const WIDTH = 1000;
const HEIGHT = 100;

/** Bars of equal width over the whole box, as tall as their value; a value above none is always seen. */
export function barsOf(values: readonly number[]): Bar[] {
  const most = Math.max(...values, 0);
  const step = WIDTH / Math.max(values.length, 1);
  return values.flatMap((value, index) => {
    if (value <= 0) return [];
    const height = Math.max((value / most) * HEIGHT, 2);
    return [{ x: round(index * step + step * 0.1), y: round(HEIGHT - height), width: round(step * 0.8), height: round(height) }];
  });
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** Accesses over time as one chart a kind, each readable by its heights alone, and the same numbers as a table. */
export function describeActivity({ interval, series, unusual }: Activity) {
  const label = (at: string) => {
    const { date, time } = momentInWords(at);
    return interval === 'hour' ? `${date}, ${time}` : date;
  };
  const charts = SERIES.map(({ key, title }): Chart => {
    const values = series.map((point) => point[key]);
    const most = Math.max(...values, 0);
    const at = series[values.indexOf(most)]?.at ?? '';
    return {
      title,
      total: values.reduce((sum, value) => sum + value, 0),
      peak: most > 0 ? `at most ${most.toLocaleString('en-GB')} on ${label(at)}` : '',
      most,
      bars: barsOf(values),
      width: WIDTH,
      height: HEIGHT,
    };
  });
  return {
    interval,
    charts,
    begins: label(series[0]?.at ?? ''),
    ends: label(series.at(-1)?.at ?? ''),
    headings: SERIES.map(({ title }) => title),
    table: series.map((point) => ({ label: label(point.at), values: SERIES.map(({ key }) => point[key]) })).filter(({ values }) => values.some(Boolean)),
    unusual: unusual.map(({ user, measure, value, usual, times }) => {
      const most = Math.max(value, usual, 1);
      return {
        userId: user.userId,
        name: user.name,
        role: user.jobRoleName ?? '',
        measure: MEASURES[measure] ?? measure,
        value,
        usual,
        times: Math.round(times * 10) / 10,
        valueWidth: round((value / most) * 100),
        usualWidth: round((usual / most) * 100),
      };
    }),
  };
}
