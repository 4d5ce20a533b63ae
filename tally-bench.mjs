import pg from 'pg';
import { freePort } from './deploy/local/ports.mjs';
import { startThrowAwayPostgres } from './deploy/local/postgres.mjs';
const server = await startThrowAwayPostgres(await freePort());
const db = new pg.Client({ connectionString: server.superuserUrl });
await db.connect();
for (const s of ['a', 'b']) await db.query(`CREATE SCHEMA ${s}; SET search_path = ${s};
 CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id uuid NOT NULL, topic text NOT NULL, payload bytea NOT NULL, key text);
 CREATE TABLE outbox_tally (topic text PRIMARY KEY, carried bigint NOT NULL);`);
await db.query(`SET search_path = b; CREATE FUNCTION b.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO outbox_tally (topic, carried) SELECT topic, count(*) FROM gone GROUP BY topic ON CONFLICT (topic) DO UPDATE SET carried = outbox_tally.carried + excluded.carried; RETURN NULL; END $$;
 CREATE TRIGGER t AFTER DELETE ON outbox REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION f();
 CREATE FUNCTION b.r() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
 CREATE TRIGGER u BEFORE UPDATE OR TRUNCATE ON outbox FOR EACH STATEMENT EXECUTE FUNCTION r();
 CREATE TRIGGER v BEFORE UPDATE ON outbox_tally FOR EACH ROW WHEN (NEW.topic <> OLD.topic OR NEW.carried < OLD.carried) EXECUTE FUNCTION r();`);
const SQL = { a: `WITH gone AS (DELETE FROM outbox WHERE id = ANY($1::bigint[]) RETURNING topic) INSERT INTO outbox_tally (topic, carried) SELECT topic, count(*) FROM gone GROUP BY topic ON CONFLICT (topic) DO UPDATE SET carried = outbox_tally.carried + excluded.carried`, b: 'DELETE FROM outbox WHERE id = ANY($1::bigint[])' };
for (const size of [1000, 10]) {
  const times = { a: [], b: [] };
  for (let round = 0; round < 60; round++) for (const s of round % 2 ? ['a', 'b'] : ['b', 'a']) {
    await db.query(`SET search_path = ${s}`);
    const { rows } = await db.query(`INSERT INTO outbox (event_id, topic, payload, key) SELECT gen_random_uuid(), 'audit.access.v1', decode(repeat('ab', 500), 'hex'), 'k' FROM generate_series(1, ${size}) RETURNING id`);
    const t = process.hrtime.bigint();
    await db.query({ name: `q${s}`, text: SQL[s], values: [rows.map((r) => r.id)] });
    times[s].push(Number(process.hrtime.bigint() - t) / 1e6);
  }
  for (const s of ['a', 'b']) { times[s].sort((x, y) => x - y); console.log(size, s, 'median ms', times[s][30].toFixed(2), 'best', times[s][0].toFixed(2)); }
}
await db.end(); await server.stop(); process.exit(0);
