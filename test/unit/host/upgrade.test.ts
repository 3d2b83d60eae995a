import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { type HostTemplates, loadHostTemplates, shortHash } from '../../../src/services/machine/templates.ts';
import { bootOfService } from '../../../src/services/targets/gcp/boot/content.ts';
import { definitionOf } from '../../../src/services/workloads/catalog.ts';

const here = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

let templates: HostTemplates;
beforeAll(async () => {
  templates = await loadHostTemplates(here('templates'), here('dist/templates'));
});

// A deploy compares hashes: with other ones, an upgrade replaces each container, makes each image of a group again, and rolls
// each group over. A comment counts, too. They changed once since version 0.1.0, for the profiles of two engines and the
// folder of files.
it.each([
  ['a', 'c81a1c5f39083b2e', '4df68731e7c18962'],
  ['b', '7ec5147f6708c35d', 'c0c2ea7eda26cf34'],
])('finds the machines of service %s as the version before has left them', (name, compose, dockerfile) => {
  const { [name]: own } = templates.services;
  expect({ compose: shortHash(own?.compose ?? ''), dockerfile: shortHash(own?.dockerfile ?? '') }).toEqual({
    compose,
    dockerfile,
  });
});

it('finds the image of a group as the version before has made it', () => {
  const { serve, serveUnit, seal, installDocker } = bootOfService(templates.boot, definitionOf('b'));
  expect([serve, serveUnit, seal, installDocker].map(shortHash)).toEqual([
    '16b3b1ba16d884e2',
    '2c9d824efae4a78b',
    '7e872aee70fa1d5b',
    '602693ec834e34ac',
  ]);
});
