import { realpath } from 'node:fs/promises';
import type { Patient } from '@carespine/fhir';
import { fingerprintOf, importAlone, importLines, jsonOf, Refusal, type Line, type Progress, type Refusals } from '@carespine/line-import';
import type { Pool, PoolClient } from 'pg';
import { nameRowsOf, rowOf, type NameRow, type PatientRow } from '../patients/patient-row';
import { isNotable } from './batch';
import { checkedPatient } from './checked-patient';
import { CopyLines } from './copy-text';
import { copyBatch, type Publish } from './load';

export interface ImportSummary {
  /** Lines read so far, by this call and by those before it that were interrupted. */
  lines: number;
  loaded: number;
  /** Loaded over an earlier version. */
  replaced: number;
  /** Of the version that is here already. */
  alreadyLoaded: number;
  refused: number;
}

export interface Import {
  /** One FHIR Patient a line. */
  file: string;
  /** London calendar date. */
  today: string;
  publish: Publish;
  /** Told of each refused line: its number and why, without what it says. */
  onRefused?: (line: number, reason: string) => void;
  /** Called after each transaction. */
  report?: (summary: ImportSummary) => void;
}

/** Lines in one transaction. */
const BATCH_SIZE = 1000;

/**
 * Imports Patients under their own numbers and versions. A higher version replaces the one that is here, which stays in
 * `patient_versions`; the same version is left alone; a lower one is refused. What is refused stands, with the reason, in
 * `<file>.refused.ndjson`. Each batch is one transaction that remembers how far it got: a repeated call goes on from there.
 */
export async function importPatients(pool: Pool, options: Import): Promise<ImportSummary> {
  return importAlone(pool, 'patients', (client) => new PatientImport(client, options).run());
}

interface Candidate {
  line: Line;
  patient: Patient;
  row: PatientRow;
}

/** Lines that were read and checked, and wait for the database. */
interface Checked {
  candidates: Map<string, Candidate>;
  refused: [Line, Refusal][];
}

class PatientImport {
  private id = '';
  private readonly summary: ImportSummary = { lines: 0, loaded: 0, replaced: 0, alreadyLoaded: 0, refused: 0 };

  constructor(
    private readonly client: PoolClient,
    private readonly options: Import,
  ) {}

  async run(): Promise<ImportSummary> {
    const { file } = this.options;
    await importLines({
      file,
      errors: `${file}.refused.ndjson`,
      from: await this.begin(),
      batchSize: BATCH_SIZE,
      check: (lines) => this.check(lines),
      store: (checked, last, refusals) => this.store(checked, last, refusals),
    });
    await this.client.query('UPDATE imports SET finished_at = now() WHERE id = $1', [this.id]);
    await this.client.query('DELETE FROM import_numbers WHERE import_id = $1', [this.id]);
    if (this.summary.loaded + this.summary.replaced > 0) await this.client.query('ANALYZE patients, patient_names');
    return this.summary;
  }

  /** Finds how far an interrupted import of the same file got, or begins a new one. */
  private async begin(): Promise<Progress> {
    const file = await realpath(this.options.file);
    const fingerprint = await fingerprintOf(file);
    const { rows } = await this.client.query<Record<string, string>>('SELECT * FROM imports WHERE file = $1 AND finished_at IS NULL', [file]);
    const [unfinished] = rows;
    if (unfinished?.fingerprint === fingerprint) {
      this.id = unfinished.id!;
      this.summary.lines = Number(unfinished.line);
      this.summary.loaded = Number(unfinished.loaded);
      this.summary.replaced = Number(unfinished.replaced);
      this.summary.alreadyLoaded = Number(unfinished.already_loaded);
      this.summary.refused = Number(unfinished.refused);
      return { byteOffset: Number(unfinished.byte_offset), line: this.summary.lines, refusedBytes: Number(unfinished.refused_bytes) };
    }
    if (unfinished) {
      await this.client.query('UPDATE imports SET finished_at = now() WHERE id = $1', [unfinished.id]);
      await this.client.query('DELETE FROM import_numbers WHERE import_id = $1', [unfinished.id]);
    }
    const begun = await this.client.query<{ id: string }>('INSERT INTO imports (file, fingerprint) VALUES ($1, $2) RETURNING id', [file, fingerprint]);
    this.id = begun.rows[0]!.id;
    return { byteOffset: 0, line: 0, refusedBytes: 0 };
  }

  private check(lines: readonly Line[]): Checked {
    const refused: [Line, Refusal][] = [];
    const candidates = new Map<string, Candidate>();
    for (const line of lines) {
      try {
        const read = jsonOf(line);
        if (!read) continue;
        const patient = checkedPatient(read.value, this.options.today);
        const earlier = candidates.get(patient.id);
        if (earlier) throw new Refusal('Patient.id', `stands on line ${earlier.line.number} already`);
        candidates.set(patient.id, { line, patient, row: rowOf(patient, this.options.today) });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refused.push([line, error]);
      }
    }
    return { candidates, refused };
  }

  private async store({ candidates, refused }: Checked, last: Line, refusals: Refusals): Promise<void> {
    await this.client.query('BEGIN');
    await this.write(candidates, (line, refusal) => refused.push([line, refusal]));
    await refusals.add(refused);
    for (const [{ number }, { expression, message }] of refused) this.options.onRefused?.(number, expression ? `${expression} ${message}` : message);
    this.summary.refused += refused.length;
    this.summary.lines = last.number;
    const { loaded, replaced, alreadyLoaded, refused: refusedLines } = this.summary;
    await this.client.query(
      `UPDATE imports SET byte_offset = $2, line = $3, loaded = $4, replaced = $5, already_loaded = $6, refused = $7, refused_bytes = $8 WHERE id = $1`,
      [this.id, last.end, last.number, loaded, replaced, alreadyLoaded, refusedLines, refusals.bytes],
    );
    await this.client.query('COMMIT');
    this.options.report?.({ ...this.summary });
  }

  private async write(candidates: Map<string, Candidate>, refuse: (line: Line, refusal: Refusal) => void): Promise<void> {
    await this.withoutRepeats(candidates, refuse);
    const present = await this.present([...candidates.keys()]);
    for (const [nhsNumber, { line, row }] of candidates) {
      const here = present.get(nhsNumber)?.version;
      if (here === undefined || here < row.version) continue;
      candidates.delete(nhsNumber);
      if (here === row.version) this.summary.alreadyLoaded++;
      else refuse(line, new Refusal('Patient.meta.versionId', 'is lower than the version that is present'));
    }
    await this.withoutCircles(candidates, refuse);
    if (candidates.size === 0) return;

    const replaced = [...candidates.keys()].filter((nhsNumber) => present.has(nhsNumber));
    const formerNames = await this.putAside(replaced);
    const { today } = this.options;
    const patients = new CopyLines(candidates.size * 2600);
    const names = new CopyLines(candidates.size * 80);
    const notable: Patient[] = [];
    for (const [nhsNumber, { patient, row: asNew }] of candidates) {
      const former = present.get(nhsNumber);
      const row = former ? rowOf(patient, today, former) : asNew;
      patients.addPatient(row);
      for (const name of nameRowsOf(patient, today, formerNames.get(nhsNumber))) names.addName(name);
      if (isNotable(row) || (former && isNotable(former))) notable.push(patient);
    }
    await copyBatch(this.client, { count: candidates.size, patients: patients.bytes, names: names.bytes, notable });
    if (notable.length > 0) await this.options.publish(this.client, notable, new Set(replaced));
    this.summary.replaced += replaced.length;
    this.summary.loaded += candidates.size - replaced.length;
  }

  /** Refuses numbers that stood on an earlier line of the file, and remembers those that did not. */
  private async withoutRepeats(candidates: Map<string, Candidate>, refuse: (line: Line, refusal: Refusal) => void): Promise<void> {
    const values = [this.id, [...candidates.keys()], [...candidates.values()].map(({ line }) => line.number)];
    const { rows } = await this.client.query<{ nhs_number: string; line: string }>(
      'SELECT nhs_number, line FROM import_numbers WHERE import_id = $1 AND nhs_number = ANY($2)',
      values.slice(0, 2),
    );
    for (const { nhs_number, line } of rows) {
      refuse(candidates.get(nhs_number)!.line, new Refusal('Patient.id', `stands on line ${line} already`));
      candidates.delete(nhs_number);
    }
    await this.client.query(
      'INSERT INTO import_numbers SELECT $1, * FROM unnest($2::text[], $3::bigint[]) ON CONFLICT DO NOTHING',
      values,
    );
  }

  private async present(nhsNumbers: string[]): Promise<Map<string, PatientRow>> {
    const { rows } = await this.client.query<PatientRow>(
      `SELECT nhs_number, version, status, confidentiality, death_date::text, general_practitioner, postcodes, previous_postcodes, emails, previous_emails,
        phones, previous_phones FROM patients WHERE nhs_number = ANY($1) FOR UPDATE`,
      [nhsNumbers],
    );
    return new Map(rows.map((row) => [row.nhs_number, row]));
  }

  /** A chain of merges must end in a record that is not itself replaced. */
  private async withoutCircles(candidates: Map<string, Candidate>, refuse: (line: Line, refusal: Refusal) => void): Promise<void> {
    const next = new Map<string, string | null>();
    for (const [nhsNumber, { row }] of candidates) next.set(nhsNumber, row.superseded_by);
    for (const [nhsNumber, { line }] of candidates) {
      const passed = new Set([nhsNumber]);
      for (let at = next.get(nhsNumber); at; at = next.get(at)) {
        if (passed.has(at)) {
          refuse(line, new Refusal('Patient.link', 'closes a circle of records that replace each other'));
          candidates.delete(nhsNumber);
          next.set(nhsNumber, null);
          break;
        }
        passed.add(at);
        if (!next.has(at)) {
          const { rows } = await this.client.query<{ superseded_by: string | null }>('SELECT superseded_by FROM patients WHERE nhs_number = $1', [at]);
          next.set(at, rows[0]?.superseded_by ?? null);
        }
      }
    }
  }

  /** Moves what is to be replaced into `patient_versions`. */
  private async putAside(nhsNumbers: string[]): Promise<Map<string, NameRow[]>> {
    const names = new Map<string, NameRow[]>();
    if (nhsNumbers.length === 0) return names;
    await this.client.query(
      `INSERT INTO patient_versions (nhs_number, version, record, replaced_by_request)
        SELECT nhs_number, version, record, 'import' FROM patients WHERE nhs_number = ANY($1) ON CONFLICT DO NOTHING`,
      [nhsNumbers],
    );
    await this.client.query('DELETE FROM patients WHERE nhs_number = ANY($1)', [nhsNumbers]);
    const { rows } = await this.client.query<NameRow>(
      'DELETE FROM patient_names WHERE nhs_number = ANY($1) RETURNING nhs_number, birth_date::text, family, given, previous',
      [nhsNumbers],
    );
    for (const row of rows) names.set(row.nhs_number, [...(names.get(row.nhs_number) ?? []), row]);
    return names;
  }
}
