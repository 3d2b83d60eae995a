import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { portInUse } from '../../../src/services/targets/local/ports.ts';
import { formatTag } from '../../../src/services/targets/local/process-tag.ts';

const server = createServer();
let port = 0;
beforeEach(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as { port: number }).port;
});
afterEach(() => void server.close());

const folder = '/home/ann/chainctl/stacks/default';
/** This process, under another command line. */
const as = (command: string) => async () => [{ pid: process.pid, startedAt: '1', command }];
const tagged = (of: string) => `node proxy.mjs ${formatTag({ folder: of, key: 'proxy', spec: 's', token: 't', port })}`;

it('names a stack that holds the port, and how to take it down', async () => {
  const { message, nextSteps } = await portInUse('a', port, {
    folder,
    listProcesses: as(tagged('/home/ann/chainctl/stacks/lab')),
  });
  expect(message).toBe(
    `port ${port}, wanted for a, is already in use by proxy of chainctl's stack lab (pid ${process.pid})`,
  );
  expect(nextSteps).toEqual([
    'choose another with --port-a, or any free one with --port-a 0',
    'or take that stack down: chainctl teardown local --stack lab',
  ]);
});

it('names the home of a stack that has another one', async () => {
  const { nextSteps } = await portInUse('proxy', port, { folder, listProcesses: as(tagged("/tmp/a b's/stacks/lab")) });
  expect(nextSteps[1]).toBe(
    "or take that stack down: CHAINCTL_HOME='/tmp/a b'\\''s' chainctl teardown local --stack lab",
  );
});

it('names any other program', async () => {
  const { message, nextSteps } = await portInUse('a', port, { folder, listProcesses: as('python3 -m http.server') });
  expect(message).toContain(`in use by pid ${process.pid} (python3 -m http.server)`);
  expect(nextSteps[1]).toBe(`or end that program: kill ${process.pid}`);
  const unknown = await portInUse('b-1', port, { folder, listProcesses: async () => [] });
  expect(unknown.message).toBe(`port ${port}, wanted for b-1, is already in use`);
  expect(unknown.nextSteps).toEqual(['run the command again: it picks another port']);
});
