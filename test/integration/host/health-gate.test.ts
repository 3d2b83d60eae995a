import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';

import { systemClock } from '../../../src/runtime.ts';
import { passGate } from '../../../src/services/machine/health-gate.ts';
import type { HostSession } from '../../../src/services/machine/session.ts';
import { requestThrough } from '../../../src/services/machine/through.ts';
import { definitionOf } from '../../../src/services/workloads/catalog.ts';

/** A service whose engine has lost its model, and a gate in front of it. */
async function serviceWithoutModel() {
  const engine = { hasModel: false };
  const server = createServer((_request, response) => {
    const health = engine.hasModel ? { ok: true } : { ok: false, reason: 'engine does not have model m yet' };
    response.writeHead(engine.hasModel ? 200 : 503).end(JSON.stringify(health));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const session = {
    alive: true,
    access: { user: 'root', address: '127.0.0.1', port: 22 },
    forward: async () => connect(port, '127.0.0.1'),
    exec: async () => '',
  } as unknown as HostSession;
  const clock = { ...systemClock, sleep: async () => {} };
  const { signal } = new AbortController();
  const step = { clock, signal, emit() {}, key: 'service-a', action: 'ready', waiting() {} } as const;
  const pass = (restoreModel: () => Promise<void>) =>
    passGate(session, { service: definitionOf('a'), token: undefined, verified: true, restoreModel }, step);
  return { engine, pass };
}

it('says of an answer that breaks off that it was cut off', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half', () => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const session = { alive: true, forward: async () => connect(port, '127.0.0.1') } as unknown as HostSession;
  const { signal } = new AbortController();
  const question = { host: '127.0.0.1', port, path: '/', silenceSeconds: 10, signal };
  await expect(requestThrough(session, question)).rejects.toThrow(/^the answer was cut off$/);
});

it('pulls a model that the engine has lost once more, and goes on waiting', async () => {
  const { engine, pass } = await serviceWithoutModel();
  let pulls = 0;
  await pass(async () => {
    pulls += 1;
    engine.hasModel = true;
  });
  expect(pulls).toBe(1);
});

it('ends with the error of a pull that fails, and does not pull again and again', async () => {
  const { pass } = await serviceWithoutModel();
  let pulls = 0;
  const passed = pass(async () => {
    pulls += 1;
    throw new Error('write /models: no space left on device');
  });
  await expect(passed).rejects.toThrow(/^write .* no space left on device$/);
  expect(pulls).toBe(1);
});
