import { readFileSync } from 'node:fs';
import type { Pool } from 'pg';
import type { EventLog } from './event-log';
import type { KafkaSettings } from './kafka-client';
import { KafkaEventLog } from './kafka-event-log';
import { prepareAndCheckKafkaTopics } from './kafka-topics';
import { migratePostgresEventLog, PostgresEventLog } from './postgres-event-log';

/** Which log it is, by the names of the environment's variables; service-kit validates them. Kafka, when it has brokers. */
export interface EventLogConfig {
  readonly EVENT_LOG_URL?: string;
  /** `host:port`, comma-separated. */
  readonly KAFKA_BROKERS?: string;
  readonly KAFKA_TLS?: boolean;
  /** PEM file of the authority that signed the brokers' certificates; the system's authorities without one. */
  readonly KAFKA_CA_FILE?: string;
  readonly KAFKA_SASL_MECHANISM?: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly KAFKA_SASL_USERNAME?: string;
  readonly KAFKA_SASL_PASSWORD?: string;
  /** Of each topic, when it is made: as many consumers can share it. */
  readonly KAFKA_PARTITIONS?: number;
  /** Copies of each topic, when it is made; 0, or none, leaves it to the cluster. */
  readonly KAFKA_REPLICATION?: number;
}

/**
 * The log that the configuration names.
 *
 * @param of the service that appends and consumes: the consumer group on Kafka; its database, where a PostgreSQL log's places stand,
 *   is needed to subscribe, not for {@link deadLetters}
 */
export function openEventLog(config: EventLogConfig, of: { service: string; pool?: Pool; failed?: (topic: string, error: Error) => void }): EventLog {
  if (config.KAFKA_BROKERS) return new KafkaEventLog(kafkaSettingsOf(config, config.KAFKA_BROKERS), of.service, of.failed);
  return new PostgresEventLog(config.EVENT_LOG_URL ?? '', of.pool, of.failed, of.service);
}

/** Makes the log's tables or topics where they are missing; safe to run again and from several services at once. @throws UnfitTopic for one that would lose events */
export function prepareEventLog(config: EventLogConfig): Promise<void> {
  if (config.KAFKA_BROKERS) return prepareAndCheckKafkaTopics(kafkaSettingsOf(config, config.KAFKA_BROKERS));
  return migratePostgresEventLog(config.EVENT_LOG_URL ?? '');
}

function kafkaSettingsOf(config: EventLogConfig, brokers: string): KafkaSettings {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username = '', KAFKA_SASL_PASSWORD: password = '' } = config;
  return {
    brokers: brokers.split(','),
    ...(config.KAFKA_TLS && { tls: config.KAFKA_CA_FILE ? { ca: readFileSync(config.KAFKA_CA_FILE, 'utf8') } : {} }),
    ...(mechanism && { sasl: { mechanism, username, password } }),
    partitions: config.KAFKA_PARTITIONS ?? 3,
    ...(config.KAFKA_REPLICATION && { replication: config.KAFKA_REPLICATION }),
  };
}
