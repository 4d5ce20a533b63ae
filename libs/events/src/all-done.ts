/** As Promise.all, but when one rejects it waits for the others: nothing is left under way behind whoever starts again. */
export async function allDone<T extends readonly unknown[] | []>(work: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
