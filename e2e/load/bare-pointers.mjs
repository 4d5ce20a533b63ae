import Fastify from 'fastify';
import pg from 'pg';

/*
 * What a search for pointers is measured against: the same pointers by the same index, and one durable row a request.
 * No gateway, no token, no permission, no events. Runs as a process of its own: DATABASE_URL, PORT.
 */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
pool.on('error', () => process.exit(0)); // the server stops first
await pool.query(
  `CREATE TABLE IF NOT EXISTS bare_accesses (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz DEFAULT now(), facts bytea)`,
);
const facts = Buffer.alloc(400, 1);

const app = Fastify();
app.get('/DocumentReference/:number/:type', async (request, reply) => {
  const { number, type } = request.params;
  const { rows } = await pool.query({
    name: 'search',
    text: 'SELECT record FROM pointers WHERE nhs_number = $1 AND type = $2',
    values: [number, type],
  });
  await pool.query({ name: 'record', text: 'INSERT INTO bare_accesses (facts) VALUES ($1)', values: [facts] });
  return reply
    .header('content-type', 'application/fhir+json')
    .send(
      `{"resourceType":"Bundle","type":"searchset","total":${rows.length},"entry":[${rows.map(({ record }) => `{"resource":${record}}`).join(',')}]}`,
    );
});
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
process.send?.('ready');
process.on('disconnect', () => process.exit(0));
