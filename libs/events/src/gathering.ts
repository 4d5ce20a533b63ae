/**
 * Does many callers' work in few statements: calls that arrive while a statement is under way share the next one,
 * so that a busy service pays one round trip, or one commit, for many. A lone call waits for nobody, and none fails by what another brought.
 */
export class Gathering<In, Out> {
  private waiting: Call<In, Out>[] = [];
  private isUnderWay = false;

  /**
   * @param work answers a batch in its order
   * @param largest more than this in one statement gains nothing and delays the first
   */
  constructor(
    private readonly work: (batch: In[]) => Promise<Out[]>,
    private readonly largest: number,
  ) {}

  add(input: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ input, resolve, reject });
      if (!this.isUnderWay) {
        this.isUnderWay = true;
        setImmediate(() => void this.run());
      }
    });
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      await this.settle(this.waiting.splice(0, this.largest));
    }
    this.isUnderWay = false;
  }

  private async settle(batch: Call<In, Out>[]): Promise<void> {
    try {
      const outputs = await this.work(batch.map((one) => one.input));
      batch.forEach((one, i) => one.resolve(outputs[i] as Out));
    } catch (error) {
      if (batch.length > 1 && isOfData(error)) for (const one of batch) await this.settle([one]);
      else for (const one of batch) one.reject(error as Error);
    }
  }
}

interface Call<In, Out> {
  input: In;
  resolve: (output: Out) => void;
  reject: (error: Error) => void;
}

/** PostgreSQL took no notice of a statement for a value in it: SQLSTATE class 22, data exception. */
const isOfData = (error: unknown): boolean => error instanceof Error && 'code' in error && String(error.code).startsWith('22');
