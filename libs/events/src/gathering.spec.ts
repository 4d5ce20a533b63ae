import { Gathering } from './gathering';

describe('work that comes together shares a statement', () => {
  it('answers each caller with their own, in few statements', async () => {
    const sizes: number[] = [];
    const gathering = new Gathering<number, number>(async (batch) => {
      sizes.push(batch.length);
      await new Promise(setImmediate);
      return batch.map((one) => one * 2);
    }, 10);
    const answers = await Promise.all(Array.from({ length: 35 }, (_, i) => gathering.add(i)));
    expect(answers).toEqual(Array.from({ length: 35 }, (_, i) => i * 2));
    expect(sizes).toEqual([10, 10, 10, 5]);
  });

  it('fails only the caller whose value the statement could not take', async () => {
    const gathering = new Gathering<number, number>((batch) => {
      if (batch.includes(13)) throw Object.assign(new Error('invalid byte sequence'), { code: '22021' });
      return Promise.resolve(batch);
    }, 100);
    const settled = await Promise.allSettled([12, 13, 14].map((one) => gathering.add(one)));
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('fails only those whose statement failed, and goes on', async () => {
    let calls = 0;
    const gathering = new Gathering<number, number>(async (batch) => {
      if (calls++ === 0) throw new Error('down');
      return batch;
    }, 100);
    await expect(gathering.add(1)).rejects.toThrow('down');
    await expect(gathering.add(2)).resolves.toBe(2);
  });
});
