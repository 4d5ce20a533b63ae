import fc from 'fast-check';

/** Text as attackers, broken clients and the world's names send it. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 40 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '', ' ', '\0', 'a\0b', '\ud800', '\udfff\ud800', '\u202e', '\ufeff', '\r\n', '\t', '%', '%00', '_', '\\', "'", "''; --", '"', '`', '$1', '{}', '[]',
      '*', '**', 'S*', 'Sm*', 'Smi*', '*ith', 'S%', 'Sm_th', 'null', 'undefined', 'NaN', 'true', 'false', '-1', '0', '1e309', '__proto__', 'constructor',
      '../../etc/passwd', '<script>alert(1)</script>', "O'Brien", 'Ångström', 'Ἀθῆναι', 'Łukasz', '山田', 'ﬁ', 'İ', 'ß', 'e\u0301', 'Zo\u00eb', 'Nguyễn Thị',
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 34, max: 9_000 }).map((length) => 'x'.repeat(length)) },
  { weight: 1, arbitrary: fc.integer({ min: 2, max: 3_000 }).map((length) => 'é '.repeat(length)) },
); // prettier-ignore

/** Dates, nearly dates, and the ends of the calendar. */
export const hostileDate: fc.Arbitrary<string> = fc.oneof(
  fc.date({ min: new Date('1880-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10)),
  fc.constantFrom(
    '1985-03-04', '2024-02-30', '2023-02-29', '0000-00-00', '0000-01-01', '0001-01-01', '9999-12-31', '10000-01-01', '-0001-01-01', '1985', '1985-03', '1985-3-4', '04/03/1985',
    '1985-03-04T00:00:00+00:00', '1985-03-04T25:00:00Z', '1985-03-04T00:00:00.123456789Z', '1985-03-04T00:00:00+14:00', 'infinity', '-infinity', 'epoch', 'now', 'today',
    'ge1985-03-04', 'le1985-03-04', 'eq1985-03-04', 'gt1985-03-04', 'ge', 'ap1985', '１９８５-03-04',
  ),
); // prettier-ignore

/** Any JSON at all. */
export const hostileJson: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  hostileDate,
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom<unknown>(null, true, 0, -0, 1e308, -1, 1.5, 9_007_199_254_740_993, [], {}, [[]], [null], { id: null }, { use: [] }, [{}]),
);

/** A value with one of its leaves, of one in three none, replaced by something hostile: it gets past every rule but the one about that leaf. */
export const nearly = (value: unknown): fc.Arbitrary<unknown> => {
  const leaves = leavesOf(value);
  return fc.tuple(fc.nat(Math.ceil(leaves.length * 1.5)), hostileJson).map(([index, hostile]) => {
    const leaf = leaves[index];
    return leaf ? replaced(value, leaf, hostile) : value;
  });
};

type Path = (string | number)[];

function leavesOf(value: unknown): Path[] {
  if (typeof value !== 'object' || value === null) return [[]];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner).map((path) => [key, ...path]));
}

function replaced(value: unknown, [key, ...rest]: Path, hostile: unknown): unknown {
  if (key === undefined) return hostile;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<string | number, unknown>;
  copy[key] = replaced(copy[key], rest, hostile);
  return copy;
}
