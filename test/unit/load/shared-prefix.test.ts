import { expect, test } from 'vitest';
import { bodyOf, probeBodies } from '../../../src/services/load/bodies.ts';
import { DEFAULT_PROMPT, sharedPrefixWarning } from '../../../src/services/load/prompt.ts';
import { protocolNamed } from '../../../src/services/load/protocols/protocols.ts';
import type { RecordedRun } from '../../../src/services/load/record/read-run.ts';
import {
  manifestOf,
  orderOf,
  resumedOptions,
  type SweepOptions,
} from '../../../src/services/load/sweep/sweep-options.ts';
import { planSweep } from '../../../src/services/load/sweep/sweep-plan.ts';

const options: SweepOptions = {
  ...{ targetUrl: 'http://h/chain', tag: 't', rates: [1, 2], durationSeconds: 1, warmupSeconds: 0, timeoutSeconds: 5 },
  ...{ drainSeconds: 5, outFolder: 'results', prompt: DEFAULT_PROMPT, seed: 3, preflight: false, about: {} },
};
const plan = planSweep(options, { runId: 'r', simulated: false, maxInFlight: 10 });

/** The order of the first point after the run was written down, read again and gone on with. */
function afterResume(begun: SweepOptions) {
  const manifest = JSON.parse(JSON.stringify(manifestOf(begun, undefined, { plan })));
  const run = { runId: 'r', manifest } as RecordedRun;
  return orderOf(resumedOptions(run, { prompt: DEFAULT_PROMPT, about: {} }), plan, 0, 1);
}

test('a shared prefix is in the manifest, and a run that goes on has the same', () => {
  const begun = { ...options, sharedPrefixTokens: 50 };
  expect(orderOf(begun, plan, 0, 1).sharedPrefixTokens).toBe(50);
  expect(afterResume(begun).sharedPrefixTokens).toBe(50);
});

test('a run that goes on asks nothing again that it had asked, and as much as it would have', async () => {
  const workload = { inputTokens: { kind: 'uniform', min: 50, max: 90 } } as const;
  for (const begun of [options, { ...options, workload }]) {
    const first = orderOf(begun, plan, 0, 1);
    const again = afterResume(begun);
    const thrice = afterResume({ ...begun, resumed: 1 });
    expect([again.resumed, thrice.resumed]).toEqual([1, 2]);
    const bodies = [first, again, thrice].map((order) => bodyOf(order, 5));
    expect(new Set(bodies.map((body) => body.slice(0, 14))).size).toBe(3);
    expect(new Set(bodies.map((body) => body.length)).size).toBe(1);
    const probes = [begun, { ...begun, resumed: 1 }].map((each) => probeBodies({ ...each, form: first.form })());
    expect(probes[0]?.slice(0, 14)).not.toBe(probes[1]?.slice(0, 14));
  }
});

test('runs of earlier versions go on without one', () => {
  expect(afterResume(options)).not.toHaveProperty('sharedPrefixTokens');
});

test('the plan tells readers of it, where there is one', () => {
  const planned = (sharedPrefixTokens: number) =>
    planSweep({ ...options, sharedPrefixTokens }, { runId: 'r', simulated: false, maxInFlight: 10 });
  expect(planned(50).sharedPrefixTokens).toBe(50);
  expect(planned(0)).not.toHaveProperty('sharedPrefixTokens');
});

test('a prefix that leaves no room for what differs names the flag that makes room', () => {
  expect(sharedPrefixWarning(protocolNamed('chain').keeps, 300)).toMatch(
    /, and A keeps 652 unless it was deployed with a larger --prompt-chars: /,
  );
});
