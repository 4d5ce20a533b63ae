import { IsBoolean, IsInt, Max } from 'class-validator';
import { ConfigError, readConfig, ServiceConfig, StoreConfig } from './config';

class ExampleConfig extends ServiceConfig {
  @IsInt() @Max(10) PAGES = 3;
  @IsBoolean() BRIGHT = false;
}
const GOOD = { PUBLIC_URL: 'http://127.0.0.1:8080' };

describe('configuration', () => {
  it('reads numbers and booleans, and keeps defaults', () => {
    expect(readConfig(ExampleConfig, { ...GOOD, PAGES: '7', BRIGHT: 'true', PORT: '' })).toMatchObject({ PAGES: 7, BRIGHT: true, PORT: 8080 });
  });

  it('names every faulty variable and never a value', () => {
    const secret = 'hunter2';
    try {
      readConfig(StoreConfig, { PUBLIC_URL: secret, PORT: secret, PATIENT_KEY_SECRET: secret });
      throw new Error('was accepted');
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      const { message } = error as ConfigError;
      for (const name of ['PUBLIC_URL', 'PORT', 'PATIENT_KEY_SECRET', 'DATABASE_URL', 'EVENT_LOG_URL']) expect(message).toContain(name);
      expect(message).not.toContain(secret);
    }
  });

  describe('of the event log', () => {
    const store = { ...GOOD, DATABASE_URL: 'postgres://x', PATIENT_KEY_SECRET: 'x'.repeat(32) };
    const faultsOf = (env: Record<string, string>): string[] => {
      try {
        readConfig(StoreConfig, { ...store, ...env });
        return [];
      } catch (error) {
        return (error as Error).message.split('\n').slice(1).map((line) => line.trim().split(':')[0] ?? '');
      }
    };

    it('takes PostgreSQL or Kafka', () => {
      expect(faultsOf({ EVENT_LOG_URL: 'postgres://log' })).toEqual([]);
      expect(faultsOf({ KAFKA_BROKERS: 'broker-1.example:9093,broker-2.example:9093', KAFKA_TLS: 'true' })).toEqual([]);
      expect(faultsOf({ KAFKA_BROKERS: 'b:1', KAFKA_TLS: 'true', KAFKA_REPLICATION: '3', KAFKA_SASL_MECHANISM: 'scram-sha-512', KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' })).toEqual([]);
      expect(faultsOf({})).toEqual(['EVENT_LOG_URL']);
    });

    it('names what is wrong of Kafka', () => {
      expect(faultsOf({ KAFKA_BROKERS: 'kafka://broker', KAFKA_TLS: 'maybe' })).toEqual(['KAFKA_BROKERS', 'KAFKA_TLS']);
      expect(faultsOf({ KAFKA_BROKERS: 'b:1', KAFKA_CA_FILE: '/not/there', KAFKA_SASL_MECHANISM: 'md5' })).toEqual(
        expect.arrayContaining(['KAFKA_CA_FILE', 'KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD']),
      );
      expect(faultsOf({ KAFKA_BROKERS: '127.0.0.1:1', KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'u' })).toEqual(['KAFKA_SASL_PASSWORD']);
      expect(faultsOf({ KAFKA_BROKERS: 'localhost:1', KAFKA_PARTITIONS: '0', KAFKA_REPLICATION: '11' })).toEqual(['KAFKA_PARTITIONS', 'KAFKA_REPLICATION']);
    });

    it('lets no payload travel to another machine in the clear, unless it is said that it may', () => {
      expect(faultsOf({ KAFKA_BROKERS: '127.0.0.1:9092,broker.example:9092' })).toEqual(['KAFKA_TLS']);
      expect(faultsOf({ KAFKA_BROKERS: '127.0.0.1.example:9092' })).toEqual(['KAFKA_TLS']);
      expect(faultsOf({ KAFKA_BROKERS: 'broker.example:9092', KAFKA_PLAINTEXT: 'true' })).toEqual([]);
      expect(faultsOf({ KAFKA_BROKERS: '127.0.0.1:9092,localhost:9093' })).toEqual([]);
    });

    it('refuses an authority where there is no TLS', () => expect(faultsOf({ KAFKA_BROKERS: 'localhost:9092', KAFKA_CA_FILE: __filename })).toEqual(['KAFKA_CA_FILE']));
  });

  it('is frozen', () => expect(Object.isFrozen(readConfig(ExampleConfig, GOOD))).toBe(true));
});
