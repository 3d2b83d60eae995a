import { createRequire } from 'node:module';
import type { Command } from '@oclif/core';

const load = createRequire(import.meta.url);
/** Built, or from source. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

const NAMES =
  'completion diff doctor gc load logs quick rehearse report scale-watch smoke ssh status teardown unlock'.split(' ');

/** All commands by their ids, as oclif looks for one. A file is loaded where its command is meant. */
export const COMMANDS = new Proxy<Record<string, Command.Class>>(
  {},
  {
    get: (_, id) => (typeof id === 'string' ? commandOf(id) : undefined),
    ownKeys: () => [...NAMES, ...Object.keys(deploys())],
    getOwnPropertyDescriptor: (_, id) => ({ enumerable: true, configurable: true, value: commandOf(String(id)) }),
  },
);

function commandOf(id: string): Command.Class | undefined {
  if (NAMES.includes(id)) return load(`./commands/${id}.${EXTENSION}`).default;
  return id.startsWith('deploy:') ? deploys()[id] : undefined;
}

function deploys(): Readonly<Record<string, Command.Class>> {
  const { deployCommands } = load(`./commands/deploy.${EXTENSION}`);
  const { PROVIDERS } = load(`./services/targets/providers.${EXTENSION}`);
  const { SERVICES } = load(`./services/workloads/catalog.${EXTENSION}`);
  return deployCommands(PROVIDERS, SERVICES);
}
