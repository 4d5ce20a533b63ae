import { IsJSON, IsString, Matches, MinLength } from 'class-validator';
import { ServiceConfig } from '@carespine/service-kit';

export class WitnessConfig extends ServiceConfig {
  /** Names the witness in its cosignatures: an address without its scheme. */
  @Matches(/^[^\s+]{1,256}$/) WITNESS_NAME!: string;

  /** Private Ed25519 key (JWK) that cosigns. */
  @IsJSON() WITNESS_KEY!: string;

  /** JSON list of `{ origin, keys }`: the logs that are witnessed, each with the verifier keys that are trusted to sign for it. */
  @IsJSON() LOGS!: string;

  /** Folder that keeps how far each log was seen. Losing it loses the promise. */
  @IsString() @MinLength(1) STATE_FOLDER!: string;
}
