import type { Emit } from '../../events.ts';
import type { Deployment } from '../deploy/run-deploy.ts';
import type { SweepReport } from '../load/types.ts';
import type { SmokeReport } from '../smoke/types.ts';
import { leftoversError, type TeardownReport } from '../stack/teardown.ts';

export interface RehearsalReport {
  readonly deployment: Deployment;
  readonly smoke: SmokeReport;
  /** Left out when the smoke test failed: a load on a chain that does not work says nothing. */
  readonly sweep?: SweepReport;
  readonly teardown: TeardownReport;
}

/** The whole job in four steps; each is the service behind the command of the same name. */
export interface RehearsalSteps {
  deploy(): Promise<Deployment>;
  smoke(deployment: Deployment): Promise<SmokeReport>;
  sweep(deployment: Deployment): Promise<SweepReport>;
  /** Must work after an abort, too. */
  teardown(): Promise<TeardownReport>;
}

/** About how long each step takes, for the estimate that is shown, seconds. */
export interface RehearsalEstimate {
  readonly sweepSeconds: number;
}

/**
 * Deploys, proves, loads and takes down. Whatever fails or is aborted on the way, the teardown runs.
 *
 * @throws what a step threw, after the teardown; RemedyError with exit 7 when the teardown left something
 */
export async function rehearse(
  steps: RehearsalSteps,
  emit: Emit,
  { sweepSeconds }: RehearsalEstimate,
): Promise<RehearsalReport> {
  const phase = (name: string, estimateSeconds: number) => emit({ type: 'phase', name, estimateSeconds });
  const work = async () => {
    phase('1/4 deploy the chain on this machine', 3);
    const deployment = await steps.deploy();
    phase('2/4 smoke test', 2);
    const smoke = await steps.smoke(deployment);
    if (smoke.failed > 0) return { deployment, smoke };
    phase('3/4 load', sweepSeconds);
    return { deployment, smoke, sweep: await steps.sweep(deployment) };
  };
  const outcome = await settle(work);
  phase('4/4 teardown', 2);
  const teardown = await steps.teardown();
  if (teardown.leftovers.length > 0) throw leftoversError(teardown);
  if (!outcome.ok) throw outcome.error;
  return { ...outcome.value, teardown };
}

async function settle<T>(work: () => Promise<T>) {
  try {
    return { ok: true, value: await work() } as const;
  } catch (error) {
    return { ok: false, error } as const;
  }
}
