import { requireNode } from './install.mjs';
import { requireKafka } from './kafka-distribution.mjs';
import { signIns } from './people.mjs';
import { prepare } from './prepare.mjs';
import { settingsFrom } from './settings.mjs';
import { giveUp, say } from './steps.mjs';

try {
  requireNode();
  const settings = settingsFrom(process.env, process.argv.slice(2));
  if (settings.kafka) await requireKafka();
  const build = await prepare();
  const [{ launch }, { services }] = await Promise.all([import('./launch.mjs'), import('./services.mjs')]); // they need the packages
  await launch(settings, services, build, ({ publicUrl, url, people }) => {
    const lines = people.flatMap(signIns);
    say('Carespine is ready');
    say(`  Portal and APIs  ${publicUrl}`);
    say(`  CIS2 simulator   ${url('cis2-simulator')}`);
    say(`  Provider         ${url('provider-simulator').replace('http:', 'https:')} (simulated: the documents that pointers lead to)`);
    say(`  State and logs   ${settings.home}`);
    say('Sign in to the portal as');
    for (const line of lines) say(`  ${line}`);
    say('Ctrl-C stops it.');
  });
  process.exit(0);
} catch (error) {
  giveUp(error);
}
