import { expect, test } from 'vitest';
import type { RehearsalReport } from '../../../src/services/rehearsal/rehearse.ts';
import { renderRehearsal } from '../../../src/ui/render-rehearsal.ts';

test('no line is left to the terminal to break', () => {
  const failed = {
    name: 'A is healthy',
    status: 'failed',
    expected: '200 with ok true, service "a"',
    actual: 'HTTP 503',
  };
  const rehearsal = {
    deployment: { changes: ['b-1', 'b-2'].map((key) => ({ key })), details: { logs: '/stacks/rehearsal/logs' } },
    smoke: { passed: 12, failed: 1, hosts: { 'b-1': 12, 'b-2': 11 }, checks: [failed] },
    teardown: { removed: ['a', 'b-1', 'b-2'] },
  } as unknown as RehearsalReport;
  expect(renderRehearsal(rehearsal, 50)).toMatchInlineSnapshot(`
    "deploy    A, 2 replicas of B behind a proxy and a
              simulated engine, ready on this machine
    smoke     12 checks passed, 1 failed; hosts of B:
              b-1 12, b-2 11
              A is healthy: expected 200 with ok true,
              service "a", got HTTP 503.
    load      left out: the chain does not work
    teardown  3 processes stopped, verified gone;
              logs: /stacks/rehearsal/logs

    Next: chainctl deploy local
          chainctl load --rps 1,10,50
          chainctl --help"
  `);
});
