import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { loadHostTemplates } from '../../../src/services/machine/templates.ts';
import { loadBundles } from '../../../src/services/targets/local/desired.ts';
import { SERVICES } from '../../../src/services/workloads/catalog.ts';
import { commonSettings, type ServiceDefinition } from '../../../src/services/workloads/service-definition.ts';
import { BUNDLES, TestStack } from '../../support/local-stack.ts';

let folder: string;
const catalog = SERVICES as ServiceDefinition[];
let echo: ServiceDefinition;

const PROGRAM = `import { createServer } from 'node:http';
const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  const health = { ok: true, in_flight: 1 };
  response.end(JSON.stringify(request.url === '/health' ? health : { echo: process.env.ECHO_GREETING }));
}).listen(Number(process.env.PORT), process.env.BIND_ADDRESS);
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-echo-'));
  const [bundle, dockerfile] = [join(folder, 'echo.mjs'), join(folder, 'Dockerfile')];
  await writeFile(bundle, PROGRAM);
  await writeFile(dockerfile, 'FROM node:26\nCOPY service-{{name}}.mjs /app.mjs\nEXPOSE {{port}}\n');
  echo = {
    ...{ name: 'echo', title: 'service Echo', port: 8003, path: '/echo', needs: [], flags: {}, defaults: {} },
    settings: z.object(commonSettings),
    ask: () => ({}),
    env: () => ({ ECHO_GREETING: 'hello' }),
    image: { bundle, dockerfile },
    contract: 'raw',
    answer: z.object({ echo: z.string() }),
  };
  // The one entry.
  catalog.push(echo);
});
afterAll(async () => {
  catalog.splice(catalog.indexOf(echo), 1);
  await rm(folder, { recursive: true, force: true });
});

test('a service that is one entry in the catalog comes up on this machine, and goes', async () => {
  const stack = await TestStack.open();
  try {
    const { endpoints } = await stack.deploy({ services: { echo: {} } });
    expect(Object.keys(endpoints)).toEqual(['echo']);
    expect(await (await fetch(`${endpoints.echo}/echo`)).json()).toEqual({ echo: 'hello' });
    expect(Object.keys(await loadBundles(BUNDLES))).toContain('echo');
  } finally {
    await stack.close();
  }
});

test('goes to machines with its own Dockerfile, filled in, and the common compose file', async () => {
  const templates = new URL('../../../templates', import.meta.url).pathname;
  const { echo: own } = (await loadHostTemplates(templates, BUNDLES)).services;
  expect(own?.dockerfile).toContain('COPY service-echo.mjs');
  expect(own?.compose).toContain('"8003:8000"');
  expect(own?.bundle.toString()).toBe(PROGRAM);
});
