import Fastify from 'fastify';
import pg from 'pg';

/*
 * What the platform is measured against: the same record by the same key, and one durable row a request.
 * No gateway, no token, no permission, no events. Runs as a process of its own: DATABASE_URL, PORT.
 */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
pool.on('error', () => process.exit(0)); // the server stops first
await pool.query(`CREATE TABLE IF NOT EXISTS bare_accesses (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz DEFAULT now(), facts bytea)`);
const facts = Buffer.alloc(400, 1);

const app = Fastify();
app.get('/Patient/:id', async (request, reply) => {
  const { rows } = await pool.query({ name: 'read', text: 'SELECT coalesce(served, record) AS answer FROM patients WHERE nhs_number = $1', values: [request.params.id] });
  await pool.query({ name: 'record', text: 'INSERT INTO bare_accesses (facts) VALUES ($1)', values: [facts] });
  return reply.header('content-type', 'application/fhir+json').send(rows[0]?.answer);
});
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
process.send?.('ready');
process.on('disconnect', () => process.exit(0));
