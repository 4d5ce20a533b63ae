const { generateFiles } = require('@nx/devkit');
const { join } = require('node:path');

const LAUNCHER = 'deploy/local/services.mjs';

/** `nx g @carespine/workspace:service <name>`: the shape that every service has, ready to build, test and start. */
module.exports = async function service(tree, { name, port }) {
  const root = `services/${name}`;
  if (tree.exists(root)) throw new Error(`${root} exists already`);
  const words = name.split('-');
  const className = words.map((word) => word[0].toUpperCase() + word.slice(1)).join('');
  const table = tree.read(LAUNCHER, 'utf8');
  const offset = port ?? firstFree([...table.matchAll(/offset: (\d+)/g)].map((match) => Number(match[1])));
  generateFiles(tree, join(__dirname, 'files'), root, {
    tmpl: '',
    name,
    className,
    propertyName: className[0].toLowerCase() + className.slice(1),
    database: name.replaceAll('-', '_'),
    title: words.join(' '),
  });
  const entry = `  { name: '${name}', offset: ${offset}, main: mainOf('${name}'), database: '${name.replaceAll('-', '_')}', env: () => ({}) },\n`;
  // the gateway is started last: it stands at the end of the table
  tree.write(LAUNCHER, table.replace(/  \{\n    name: 'gateway',/, (gateway) => entry + gateway));
};

function firstFree(taken) {
  let offset = 5;
  while (taken.includes(offset)) offset++;
  return offset;
}
