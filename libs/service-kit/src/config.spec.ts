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

  it('is frozen', () => expect(Object.isFrozen(readConfig(ExampleConfig, GOOD))).toBe(true));
});
