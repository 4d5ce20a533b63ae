import { Injectable } from '@nestjs/common';
import { Gathering } from '@carespine/events';
import { Database } from '@carespine/service-kit';
import type { DocumentReference } from './document-reference';

/** A row of `pointers`. */
export interface Pointer {
  id: string;
  nhs_number: string;
  /** Code of the pointer type. */
  type: string;
  custodian: string;
  /** The DocumentReference as FHIR JSON. */
  record: string;
}

/** Reads that come together share a statement. */
const LARGEST_READ = 64;

/** The national index of where patients' documents are. */
@Injectable()
export class PointerRegister {
  private readonly reads: Gathering<string, Pointer | undefined>;

  constructor(private readonly database: Database) {
    this.reads = new Gathering(async (ids) => {
      const { rows } = await this.database.query<Pointer>({
        name: 'pointers-read',
        text: 'SELECT id, nhs_number, type, custodian, record FROM pointers WHERE id = ANY($1)',
        values: [ids],
      });
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id));
    }, LARGEST_READ);
  }

  /** The pointer of an id, whoever asks: permissions are the caller's to check. */
  async find(id: string): Promise<DocumentReference | undefined> {
    const row = await this.reads.add(id);
    return row && (JSON.parse(row.record) as DocumentReference);
  }
}
