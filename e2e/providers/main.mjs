import { readFileSync } from 'node:fs';
import { startProvider } from './provider.mjs';

/*
 * The provider of the demo's documents, as a process of the local launcher: HOST, PORT, CERTIFICATES (a file).
 */
const provider = await startProvider({
  host: process.env.HOST,
  port: Number(process.env.PORT),
  certificates: JSON.parse(readFileSync(process.env.CERTIFICATES ?? '', 'utf8')),
});
console.log(`documents at ${provider.origin}`);
const end = () => provider.close().then(() => process.exit(0));
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, end);
process.once('disconnect', end);
