import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { placementsOf } from '../../../src/services/deploy/placements.ts';
import { stackPaths } from '../../../src/services/stack/paths.ts';
import type { Place } from '../../../src/services/stack/places.ts';
import type { Provider } from '../../../src/services/stack/provider.ts';
import { emptyState, writeState } from '../../../src/services/stack/state.ts';
import { definitionOf } from '../../../src/services/workloads/catalog.ts';

const entry = definitionOf('a');

/** A place, and what it is asked to bring up. */
function deployTo(name: string, neighbours: boolean) {
  const provider = { name, neighbours, ask: async () => ({}) } as unknown as Provider;
  return { assignment: { provider, services: [entry] }, place: { provider, site: {} } as unknown as Place };
}

/** What a deploy knows of B, where the stack has one at this address on that place. */
async function knownB(url: string, on: string, to: ReturnType<typeof deployTo>, flags = {}) {
  const home = await mkdtemp(join(tmpdir(), 'chainctl-placements-'));
  try {
    const paths = stackPaths(home, 'default');
    const targets = { [on]: { endpoints: { b: url }, resources: {} } };
    await writeState(paths.state, { ...emptyState('default', 1, ''), targets });
    return (await placementsOf(paths, [to.assignment], [to.place], flags)).known.b;
  } finally {
    await rm(home, { recursive: true });
  }
}

test("a machine is not sent to itself for a service that runs on the operator's", async () => {
  const machine = deployTo('machine', true);
  expect(await knownB('http://127.0.0.1:8080', 'here', machine)).toBeUndefined();
  expect(await knownB('http://198.51.100.9', 'here', machine)).toBe('http://198.51.100.9');
  // Named, or its own neighbour: that is how the machine sees it.
  expect(await knownB('http://127.0.0.1:8002', 'machine', machine)).toBe('http://127.0.0.1:8002');
  const flags = { 'b-url': 'http://127.0.0.1:9000' };
  expect(await knownB('http://127.0.0.1:8080', 'here', machine, flags)).toBe('http://127.0.0.1:9000');
  await expect(knownB('http://127.0.0.1:8080', 'here', deployTo('cloud', false))).rejects.toThrow('cannot reach');
});
