import { Kafka, logLevel, type Admin, type SASLOptions } from 'kafkajs';

export interface KafkaSettings {
  brokers: string[];
  tls?: { ca?: string };
  sasl?: { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: string };
  /** Of each topic when it is made. */
  partitions: number;
  /** Copies of each topic when it is made; the cluster's own choice without it. */
  replication?: number;
}

/** A broker that is paused or gone is noticed after so long. */
export const REQUEST_TIMEOUT_MS = 5_000;
export const SESSION_TIMEOUT_MS = 10_000;
/** Members learn by it that another joins or leaves, and all wait for the last to learn. */
export const HEARTBEAT_MS = 400;
/** kafkajs has been seen to go silent without an error: then it is given up and made anew. */
export const SILENCE_MS = 30_000;

export function kafkaOf({ brokers, tls, sasl }: KafkaSettings, clientId: string): Kafka {
  return new Kafka({
    ...{ brokers, clientId, connectionTimeout: 3_000, authenticationTimeout: 5_000, requestTimeout: REQUEST_TIMEOUT_MS },
    ...(tls && { ssl: tls.ca === undefined ? true : { ca: [tls.ca] } }),
    ...(sasl && { sasl: sasl as SASLOptions }),
    retry: { initialRetryTime: 100, retries: 3, maxRetryTime: 1_000 },
    logLevel: logLevel.NOTHING, // what fails is reported where it is handled
  });
}

export async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await withinTime(admin.disconnect().catch(() => undefined));
  }
}

/** kafkajs may wait for ever for a broker that is gone. */
export const withinTime = (work: Promise<unknown>): Promise<unknown> =>
  Promise.race([work, new Promise((resolve) => setTimeout(resolve, REQUEST_TIMEOUT_MS).unref())]);
