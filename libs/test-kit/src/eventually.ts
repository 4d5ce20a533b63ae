import { setTimeout } from 'node:timers/promises';

/** For what happens soon, but not in the same call: tries until the expectation holds, and fails with its last complaint. */
export async function eventually<T>(expectation: () => Promise<T>, withinMs = 5000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await expectation();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await setTimeout(20);
    }
  }
}
