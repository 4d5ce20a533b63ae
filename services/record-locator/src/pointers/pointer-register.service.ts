import { Injectable } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import type { EntityManager } from 'typeorm';
import type { AccessTrail } from '@carespine/access-control';
import { Gathering, Outbox, PatientKey } from '@carespine/events';
import { Fault } from '@carespine/fhir';
import { Database } from '@carespine/service-kit';
import { complete, ruled, throwAll, unprocessable, type Draft } from '../validation/checked-pointer';
import { isPointerId, msOfInstant } from '../validation/shape';
import type { Acting } from './acting';
import type { DocumentReference } from './document-reference';
import { eventOf, type Change } from './pointer-events';
import { custodianOf, newPointerId, rowOf, type Pointer, type PointerRow } from './pointer-row';

export type { Pointer } from './pointer-row';

/** Which request a change comes from. */
export interface RequestIds {
  id: string;
  traceparent: string;
}

interface Noted {
  acting: Acting;
  request: RequestIds;
}

interface ReadRow extends Pointer {
  confidentiality: 'U' | 'R' | 'V' | null;
}

/** Reads, and pointers to create, that come together share a statement or a commit. */
const LARGEST_BATCH = 64;

const READ = `SELECT pointer.id, pointer.nhs_number, pointer.type, pointer.custodian, pointer.record, kept.confidentiality
  FROM pointers AS pointer
  LEFT JOIN patient_facts AS own ON own.nhs_number = pointer.nhs_number
  LEFT JOIN patient_facts AS kept ON kept.nhs_number = coalesce(own.retained, own.nhs_number)
  WHERE pointer.id = ANY($1)`;

/**
 * Whether the id of a row `given` has been of another patient. It never passes from one to another: whoever has a list open would be shown
 * another's document. Merged numbers are one patient. Any one change tells, and a limit keeps the planner to the index.
 */
export const WAS_ANOTHERS = `coalesce((SELECT change.nhs_number <> given.nhs_number AND ${retained('change.nhs_number')} <> ${retained('given.nhs_number')}
  FROM pointer_changes AS change WHERE change.pointer_id = given.id LIMIT 1), false)`;

/** What an update must leave as it is. `date` too, but who leaves it out keeps it. @see record locator specification, "Update" */
const IMMUTABLE = ['subject', 'custodian', 'type', 'masterIdentifier', 'identifier', 'status', 'relatesTo', 'author'] as const;

/** The national index of where patients' documents are. */
@Injectable()
export class PointerRegister {
  private readonly reads: Gathering<string, ReadRow | undefined>;
  private readonly creations: Gathering<PointerRow & Noted, boolean>;

  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly patientKey: PatientKey,
  ) {
    this.reads = new Gathering(async (ids) => {
      const { rows } = await this.database.query<ReadRow>({ name: 'pointers-read', text: READ, values: [ids] });
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id));
    }, LARGEST_BATCH);
    this.creations = new Gathering((batch) => this.database.transaction((tx) => this.insert(tx, batch)), LARGEST_BATCH);
  }

  /**
   * The pointer of an id, for a consumer.
   *
   * @param trail is told whose pointer it is, also where it is refused
   * @throws Fault NO_RECORD_FOUND, also for one of a restricted patient that the caller may not know of; ACCESS DENIED
   */
  async read(id: string, { who, organisation, grant }: Acting, trail: Pick<AccessTrail, 'open'>): Promise<Pointer> {
    const pointer = await this.find(id);
    trail.open(pointer.nhs_number);
    const { confidentiality, custodian, type } = pointer;
    const isShown =
      confidentiality === null ||
      confidentiality === 'U' ||
      custodian === organisation ||
      (confidentiality === 'R' && who.permissions.has('demographics.read-restricted'));
    if (!isShown) throw notFound();
    if (!grant.types.has(type))
      throw new Fault('ACCESS DENIED', { diagnostics: 'The pointer is not of a type that this organisation is allowed to access' });
    return pointer;
  }

  /** @throws Fault AUTHOR_CREDENTIALS_ERROR, NO_RECORD_FOUND */
  async readOwn(id: string, { organisation }: Acting): Promise<Pointer> {
    requireOwn(id, organisation, 'read');
    return this.find(id);
  }

  /**
   * Creates a pointer and deletes those that it replaces, all of it or nothing.
   *
   * @param pointer checked; its id is taken where `keepsId`, and never overwrites
   * @throws Fault AUTHOR_CREDENTIALS_ERROR, UNPROCESSABLE_ENTITY, DUPLICATE_REJECTED
   * @see record locator specification, "Create", "Supersede", "Upsert"
   */
  async create(pointer: DocumentReference, keepsId: boolean, acting: Acting, request: RequestIds): Promise<{ id: string; change: Change }> {
    requireType(pointer, acting);
    const id = keepsId ? pointer.id : newPointerId(acting.organisation);
    const isDateKept = pointer.date !== undefined && acting.grant.controls.has('allow_override_creation_datetime');
    const row = rowOf(pointer, id, new Date().toISOString(), isDateKept ? pointer.date : undefined);
    const targets = targetsOf(pointer);
    const change = targets.length > 0 ? await this.supersede(row, targets, { acting, request }) : 'created';
    if (change === 'created' && !(await this.creations.add({ ...row, acting, request }))) throw duplicate();
    return { id, change };
  }

  /**
   * @param id of a pointer of the caller's organisation
   * @param draft under the same id; its rules are checked last, so that whoever changes what is immutable is told of that
   * @param trail is told whose pointer it is, also where it is refused
   * @throws Fault NO_RECORD_FOUND, BAD_REQUEST that names each immutable element that differs, UNPROCESSABLE_ENTITY, AUTHOR_CREDENTIALS_ERROR
   */
  async update(id: string, draft: Draft, acting: Acting, request: RequestIds, trail: Pick<AccessTrail, 'open'>): Promise<void> {
    await this.database.transaction(async (tx) => {
      const rows: Pointer[] = await tx.query('SELECT id, nhs_number, type, custodian, record FROM pointers WHERE id = $1 FOR UPDATE', [id]);
      if (!rows[0]) throw notFound();
      trail.open(rows[0].nhs_number);
      const pointer = complete(draft, true);
      const before = JSON.parse(rows[0].record) as DocumentReference;
      const changed: string[] = IMMUTABLE.filter((element) => !isDeepStrictEqual(before[element], pointer[element]));
      if (pointer.date !== undefined && msOfInstant(pointer.date) !== msOfInstant(before.date)) changed.push('date');
      throwAll(
        changed.map(
          (element) =>
            new Fault('BAD_REQUEST', { expression: element, diagnostics: `The field '${element}' is immutable and cannot be changed` }),
        ),
      );
      ruled(pointer, acting.organisation, true);
      requireType(pointer, acting);
      const row = rowOf(pointer, id, new Date().toISOString(), before.date);
      await tx.query('UPDATE pointers SET record = $2 WHERE id = $1', [row.id, row.record]);
      await this.note(tx, 'updated', [{ ...row, acting, request }]);
    });
  }

  /** @throws Fault AUTHOR_CREDENTIALS_ERROR, NO_RECORD_FOUND */
  async delete(id: string, acting: Acting, request: RequestIds): Promise<Pointer> {
    requireOwn(id, acting.organisation, 'deleted');
    if (!isPointerId(id)) throw notFound();
    return this.database.transaction(async (tx) => {
      const [[pointer]] = (await tx.query('DELETE FROM pointers WHERE id = $1 RETURNING id, nhs_number, type, custodian, record', [
        id,
      ])) as [Pointer[], number];
      if (!pointer) throw notFound();
      await this.note(tx, 'deleted', [{ ...pointer, acting, request }]);
      return pointer;
    });
  }

  /** What no pointer is called is not looked for: the store takes no such text. */
  private async find(id: string): Promise<ReadRow> {
    const pointer = isPointerId(id) ? await this.reads.add(id) : undefined;
    if (!pointer) throw notFound();
    return pointer;
  }

  private async supersede(row: PointerRow, targets: { i: number; id: string }[], noted: Noted): Promise<Change> {
    const { organisation, grant } = noted.acting;
    const mayBeMissing = grant.controls.has('allow_supersede_with_delete_failure');
    return this.database.transaction(async (tx) => {
      // in order, so that two requests that replace the same pointers wait for each other
      const rows: Target[] = await tx.query(TARGETS, [targets.map(({ id }) => id), row.nhs_number]);
      const present = new Map(rows.map((pointer) => [pointer.id, pointer]));
      throwAll(
        targets.flatMap(({ i, id }) => {
          const why = whyNotReplaced(id, present.get(id), row, organisation, mayBeMissing);
          return why === undefined ? [] : [unprocessable(`relatesTo[${i}].target.identifier.value`, why)];
        }),
      );
      if (present.has(row.id)) throw duplicate();
      const replaced = [...present.keys()];
      if (replaced.length === 0) return 'created'; // none of them is there, and that is permitted
      await tx.query('DELETE FROM pointers WHERE id = ANY($1)', [replaced]);
      const [isNew] = await this.insert(tx, [{ ...row, ...noted }], 'superseded', replaced);
      if (!isNew) throw duplicate();
      return 'superseded';
    });
  }

  /** Deletes what a pointer that is here already replaces, and what an earlier line of a repeated import brought back. */
  async replaceAgain(pointer: DocumentReference, acting: Acting, request: RequestIds): Promise<void> {
    const row = rowOf(pointer, pointer.id, new Date().toISOString());
    const ids = targetsOf(pointer).map(({ id }) => id);
    await this.database.transaction(async (tx) => {
      const targets: Target[] = await tx.query(TARGETS, [ids, row.nhs_number]);
      const replaced = targets.filter((target) => whyNotReplaced(target.id, target, row, acting.organisation, true) === undefined);
      const [gone] = (await tx.query('DELETE FROM pointers WHERE id = ANY($1) RETURNING id, nhs_number, type, custodian, record', [
        replaced.map(({ id }) => id),
      ])) as [Pointer[], number];
      await this.note(
        tx,
        'deleted',
        gone.map((one) => ({ ...one, acting, request })),
      );
    });
  }

  /** @returns of each whether its id was free */
  private async insert(
    tx: EntityManager,
    batch: readonly (PointerRow & Noted)[],
    change: Change = 'created',
    replaced: string[] = [],
  ): Promise<boolean[]> {
    const first = new Map<string, PointerRow & Noted>();
    for (const row of batch) if (!first.has(row.id)) first.set(row.id, row);
    const rows = [...first.values()];
    const made: { id: string }[] = await tx.query(
      `INSERT INTO pointers (id, nhs_number, type, custodian, date, record)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[])
          AS given(id, nhs_number, type, custodian, date, record)
        WHERE NOT ${WAS_ANOTHERS}
        ON CONFLICT DO NOTHING RETURNING id`,
      (['id', 'nhs_number', 'type', 'custodian', 'date', 'record'] as const).map((column) => rows.map((row) => row[column])),
    );
    const free = new Set(made.map(({ id }) => id));
    await this.note(
      tx,
      change,
      rows.filter(({ id }) => free.has(id)),
      replaced,
    );
    return batch.map((row) => free.has(row.id) && first.get(row.id) === row);
  }

  /** What was done by whom stays on record, and other services are told. @see record locator specification, "Audit to keep" */
  private async note(tx: EntityManager, change: Change, rows: readonly (Pointer & Noted)[], replaced: string[] = []): Promise<void> {
    if (rows.length === 0) return;
    await tx.query(
      `INSERT INTO pointer_changes (change, pointer_id, nhs_number, record, organisation, application, user_id, request_id)
        SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])`,
      [
        change,
        rows.map(({ id }) => id),
        rows.map(({ nhs_number }) => nhs_number),
        rows.map(({ record }) => record),
        rows.map(({ acting }) => acting.organisation),
        rows.map(({ acting }) => acting.who.client.id),
        rows.map(({ acting }) => acting.who.userId ?? null),
        rows.map(({ request }) => request.id),
      ],
    );
    await this.outbox.add(
      tx,
      rows.map((row) => eventOf(change, row, this.patientKey, row.request.traceparent, replaced)),
    );
  }
}

/** What a pointer replaces, by the place in its relations. */
const targetsOf = ({ relatesTo = [] }: DocumentReference): { i: number; id: string }[] =>
  relatesTo.flatMap(({ code, target }, i) => (code === 'replaces' ? [{ i, id: target.identifier?.value ?? '' }] : []));

interface Target extends Pick<Pointer, 'id' | 'type'> {
  isOfPatient: boolean;
}

/** Of the same patient are numbers that were merged, too. */
const TARGETS = `SELECT pointer.id, pointer.type, ${retained('pointer.nhs_number')} = ${retained('$2')} AS "isOfPatient"
  FROM pointers AS pointer WHERE pointer.id = ANY($1) ORDER BY pointer.id FOR UPDATE OF pointer`;

/** The number that counts for one that may be merged. @param number SQL of it */
function retained(number: string): string {
  return `coalesce((SELECT retained FROM patient_facts WHERE nhs_number = ${number}), ${number})`;
}

function whyNotReplaced(
  id: string,
  target: Target | undefined,
  next: PointerRow,
  organisation: string,
  mayBeMissing: boolean,
): string | undefined {
  if (custodianOf(id) !== organisation) return 'The pointer to replace is not one of this organisation';
  if (!target) return mayBeMissing ? undefined : 'The pointer to replace does not exist';
  if (!target.isOfPatient) return 'The pointer to replace is one of another patient';
  if (target.type !== next.type) return 'The pointer to replace is of another type';
  return undefined;
}

function requireType({ type }: DocumentReference, { grant }: Acting): void {
  if (grant.types.has(type.coding?.[0]?.code ?? '')) return;
  throw new Fault('AUTHOR_CREDENTIALS_ERROR', {
    expression: 'type.coding[0].code',
    diagnostics: 'The type of the provided DocumentReference is not in the list of allowed types for this organisation',
  });
}

/** By the id alone, before anything is looked up. @throws Fault AUTHOR_CREDENTIALS_ERROR */
export function requireOwn(id: string, organisation: string, verb: 'read' | 'updated' | 'deleted'): void {
  if (custodianOf(id) !== organisation)
    throw new Fault('AUTHOR_CREDENTIALS_ERROR', {
      diagnostics: `The requested DocumentReference cannot be ${verb} because it belongs to another organisation`,
    });
}

const notFound = (): Fault => new Fault('NO_RECORD_FOUND', { diagnostics: 'The requested DocumentReference could not be found' });
const duplicate = (): Fault => new Fault('DUPLICATE_REJECTED', { expression: 'id', diagnostics: 'A pointer of this id exists already, or has been of another patient' });
