const { generateFiles } = require('@nx/devkit');
const { join } = require('node:path');

const LAUNCHER = 'deploy/local/services.mjs';
const LOCK = 'package-lock.json';
/** PostgreSQL's and Kafka's. */
const RESERVED = [10, 11, 12];

/** `nx g @carespine/workspace:service <name>`: the shape that every service has, ready to build, test and start. */
module.exports = async function service(tree, { name, port, database = true }) {
  const root = `services/${name}`;
  if (tree.exists(root)) throw new Error(`${root} exists already`);
  const words = name.split('-');
  const className = words.map((word) => word[0].toUpperCase() + word.slice(1)).join('');
  const table = tree.read(LAUNCHER, 'utf8');
  const taken = [...table.matchAll(/offset: (\d+)/g)].map((match) => Number(match[1]));
  if (taken.includes(port)) throw new Error(`offset ${port} is taken`);
  const offset = port ?? firstFree([...taken, ...RESERVED]);
  generateFiles(tree, join(__dirname, 'files'), root, {
    tmpl: '',
    name,
    className,
    propertyName: className[0].toLowerCase() + className.slice(1),
    database,
    title: words.join(' '),
  });
  if (!database) tree.delete(`${root}/migrations`);
  const kept = database ? `, database: '${name.replaceAll('-', '_')}'` : '';
  const entry = `  { name: '${name}', offset: ${offset}, main: mainOf('${name}')${kept}, env: () => ({}) },\n`;
  // the gateway is started last: it stands at the end of the table
  tree.write(LAUNCHER, table.replace(/  \{\n    name: 'gateway',/, (gateway) => entry + gateway));
  lock(tree, root);
};

/** `npm ci` refuses a workspace that the lock file does not name. */
function lock(tree, root) {
  const { name, version, dependencies, devDependencies } = JSON.parse(tree.read(`${root}/package.json`, 'utf8'));
  const file = JSON.parse(tree.read(LOCK, 'utf8'));
  file.packages[root] = { name, version, dependencies, devDependencies };
  file.packages[`node_modules/${name}`] = { resolved: root, link: true };
  const [whole, ...rest] = Object.entries(file.packages);
  file.packages = Object.fromEntries([whole, ...rest.sort(([a], [b]) => a.localeCompare(b, 'en'))]);
  tree.write(LOCK, `${JSON.stringify(file, undefined, 2)}\n`);
}

function firstFree(taken) {
  let offset = 5;
  while (taken.includes(offset)) offset++;
  return offset;
}
