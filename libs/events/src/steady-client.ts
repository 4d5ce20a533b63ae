import { Client, type ClientConfig } from 'pg';

/** A connection whose loss is told by the query in hand; between two queries it would otherwise end the process. */
export class SteadyClient extends Client {
  constructor(config?: string | ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}
