import { Injectable } from '@nestjs/common';

/** From and to, as hours of the day (Europe/London); ISO weekday, Monday is 1. */
type Week = Record<number, [number, number] | null>;

/** Of an organisation that has written none down. */
const USUAL: Week = { 1: [7, 20], 2: [7, 20], 3: [7, 20], 4: [7, 20], 5: [7, 20], 6: null, 7: null };

/** When an organisation is open. */
@Injectable()
export class OpeningHours {
  /** @returns SQL that is true for an `hour` outside the opening hours, with its parameters from `$at` on */
  outsideOf(_odsCode: string, at: number): Promise<{ outside: string; values: unknown[] }> {
    const open = Object.entries(USUAL).flatMap(([day, hours]) => (hours ? [[Number(day), ...hours]] : []));
    return Promise.resolve({
      outside: `NOT EXISTS (SELECT FROM unnest($${at}::int[], $${at + 1}::int[], $${at + 2}::int[]) AS open (weekday, opens, closes)
        WHERE weekday = extract(isodow FROM hour AT TIME ZONE 'Europe/London')
          AND extract(hour FROM hour AT TIME ZONE 'Europe/London') >= opens AND extract(hour FROM hour AT TIME ZONE 'Europe/London') < closes)`,
      values: [0, 1, 2].map((column) => open.map((row) => row[column])),
    });
  }
}
