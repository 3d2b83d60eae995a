import { RemedyError, remedy } from '../../errors.ts';
import type { ChainClient } from '../chain/client.ts';
import { type Deployment, type Placement, runDeploy } from '../deploy/run-deploy.ts';
import { runSweep, type SweepDeps } from '../load/sweep/run-sweep.ts';
import type { SweepOptions } from '../load/sweep/sweep-options.ts';
import type { SweepReport } from '../load/types.ts';
import { reportRun } from '../results/write-report.ts';
import { runSmoke } from '../smoke/run-smoke.ts';
import type { SmokeReport } from '../smoke/types.ts';
import { readEndpoints } from '../stack/endpoints.ts';
import { acquireLock } from '../stack/lock.ts';
import type { Place } from '../stack/places.ts';
import type { StackDeps } from '../stack/session.ts';
import { leftoversError, type TeardownReport, teardownStack } from '../stack/teardown.ts';
import { entryOf } from '../workloads/catalog.ts';

/** The stack that only rehearsals use; what an earlier one left there may be taken down without asking. */
export const REHEARSAL_STACK = 'rehearsal';

/** Of a request of the smoke test, and of one of the load, seconds. */
export const REQUEST_SECONDS = 30;
const WARMUP_SECONDS = 1;
const TEARDOWN_MS = 60_000;

export interface RehearsalReport {
  readonly deployment: Deployment;
  readonly smoke: SmokeReport;
  /** Left out when the smoke test failed: a load on a chain that does not work says nothing. */
  readonly sweep?: SweepReport;
  readonly page?: string;
  readonly teardown: TeardownReport;
}

type RehearsedLoad = Pick<SweepOptions, 'rates' | 'durationSeconds' | 'prompt' | 'outFolder' | 'about'>;
type RehearsalDeps = StackDeps & Pick<SweepDeps, 'control'> & { readonly client: ChainClient };

/**
 * Deploys, proves, loads and takes down: each step is the service behind the command of the same name. Whatever fails or
 * is aborted on the way, the teardown runs. It is the only rehearsal of its stack meanwhile.
 *
 * @throws what a step threw, after the teardown; RemedyError with exit 7 when the teardown left something, exit 6 when
 *   another rehearsal runs, exit 3 when the stack is somebody's work
 */
export async function rehearse(
  placement: Placement,
  load: RehearsedLoad,
  deps: RehearsalDeps,
): Promise<RehearsalReport> {
  const { paths } = placement.place.site;
  const lock = await acquireLock(`${paths.folder}.rehearsal.lock`, paths.name, deps);
  try {
    await clearEarlier(placement.place, deps);
    return await rehearseAlone(placement, load, deps);
  } finally {
    await lock.release();
  }
}

/** Takes down what a killed rehearsal left. Any other stack that runs is refused: a rehearsal ends with a teardown. */
async function clearEarlier(place: Place, deps: StackDeps): Promise<void> {
  const { provider, site } = place;
  const { name } = site.paths;
  if (!(await provider.hasTraces(site))) return;
  if (name !== REHEARSAL_STACK) {
    throw remedy.configuration(
      'stack-in-use',
      `stack ${name} is running, and a rehearsal would end by taking it down`,
      ['leave --stack away', `or take it down first: chainctl teardown ${provider.name} --stack ${name}`],
    );
  }
  deps.emit({ type: 'note', level: 'warn', text: 'an earlier rehearsal was killed; taking down what it left' });
  await teardownStack(site.paths, [place], deps);
}

async function rehearseAlone(placement: Placement, load: RehearsedLoad, deps: RehearsalDeps): Promise<RehearsalReport> {
  const { emit, signal } = deps;
  const { place, services } = placement;
  const { paths } = place.site;
  const phase = (name: string, estimateSeconds: number) => emit({ type: 'phase', name, estimateSeconds });
  const work = async () => {
    phase(`1/4 deploy the chain on ${place.provider.title}`, 3);
    const [deployment] = (await runDeploy(paths, [placement], { dryRun: false, known: {} }, deps)) as [Deployment];
    phase('2/4 smoke test', 2);
    const endpoints = await readEndpoints(paths);
    const smoke = await runSmoke({ ...endpoints, timeoutSeconds: REQUEST_SECONDS, seed: 2 }, deps);
    if (smoke.failed > 0) return { deployment, smoke };
    phase('3/4 load', load.rates.length * (load.durationSeconds + WARMUP_SECONDS + 1));
    const { name, path } = entryOf(services);
    const sweep = await runSweep(
      {
        ...load,
        targetUrl: `${deployment.endpoints[name]}${path}`,
        tag: 'rehearsal',
        seed: 1,
        preflight: true,
        warmupSeconds: WARMUP_SECONDS,
        timeoutSeconds: REQUEST_SECONDS,
        drainSeconds: 30,
      },
      deps,
    );
    const { page } = await reportRun(sweep.runFolder, emit);
    return { deployment, smoke, sweep, ...(page === undefined ? {} : { page }) };
  };
  const [outcome] = await Promise.allSettled([work()]);
  phase('4/4 teardown', 2);
  const still = { ...deps, signal: AbortSignal.timeout(TEARDOWN_MS) };
  const [teardown] = (await teardownStack(paths, [place], still)) as [TeardownReport];
  if (teardown.leftovers.length > 0) throw leftoversError(teardown, paths.name);
  if (outcome.status === 'fulfilled') return { ...outcome.value, teardown };
  const error: unknown = outcome.reason;
  if (!signal.aborted || !(error instanceof RemedyError) || error.code !== 'interrupted') throw error;
  throw new RemedyError(`${error.message}; everything that was started has been taken down`, {
    code: 'interrupted',
    exit: error.exit,
    nextSteps: ['run it again: chainctl rehearse'],
  });
}
