import { on } from 'node:events';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Patient } from '@carespine/fhir';
import { batchOf, type Batch } from './batch';
import { generate } from './generate';

export interface Span {
  seed: number;
  /** Index of the first person. */
  from: number;
  /** Index after the last person. */
  to: number;
  /** London calendar date. */
  today: string;
}

/** One transaction; more gains nothing, and is lost when a load is interrupted. */
export const BATCH_SIZE = 2000;

export function* generatedBatches({ seed, from, to, today }: Span): Generator<Batch> {
  for (let first = from; first < to; first += BATCH_SIZE) yield batchOf(people(seed, first, Math.min(first + BATCH_SIZE, to)), BATCH_SIZE, today);
}

function* people(seed: number, from: number, to: number): Generator<Patient> {
  for (let index = from; index < to; index++) yield generate(seed, index);
}

/** The same batches, made in a thread of their own while the database takes in the last one. Runs compiled code alone. */
export async function* batchesOfThread(span: Span): AsyncGenerator<Batch> {
  const worker = new Worker(join(__dirname, 'generated-batches.js'), { workerData: span });
  try {
    worker.postMessage('next');
    for await (const [batch] of on(worker, 'message') as AsyncIterable<[Batch | undefined]>) {
      if (!batch) return;
      worker.postMessage('next');
      yield batch;
    }
  } finally {
    await worker.terminate();
  }
}

function answer(port: NonNullable<typeof parentPort>, batches: Iterator<Batch, void>): void {
  port.on('message', () => {
    const { value } = batches.next();
    port.postMessage(value, value ? [value.patients.buffer as ArrayBuffer, value.names.buffer as ArrayBuffer] : []);
  });
}

if (!isMainThread && parentPort && isSpan(workerData)) answer(parentPort, generatedBatches(workerData));

function isSpan(data: unknown): data is Span {
  return typeof data === 'object' && data !== null && 'seed' in data && 'from' in data;
}
