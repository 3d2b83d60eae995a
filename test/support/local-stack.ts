import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '../../src/events.ts';
import { systemClock } from '../../src/runtime.ts';
import { type Deployment, runDeploy } from '../../src/services/deploy/run-deploy.ts';
import { listProcesses } from '../../src/services/machine/process-table.ts';
import { type StackPaths, stackPaths } from '../../src/services/stack/paths.ts';
import { type Place, placesOf } from '../../src/services/stack/places.ts';
import type { StackDeps } from '../../src/services/stack/session.ts';
import { readState } from '../../src/services/stack/state.ts';
import type { TargetStatus } from '../../src/services/stack/target-status.ts';
import { type TeardownReport, teardownStack } from '../../src/services/stack/teardown.ts';
import { local } from '../../src/services/targets/local/provider.ts';
import type { LocalRequest } from '../../src/services/targets/local/request.ts';
import { findStackProcesses, type ProcessDeps } from '../../src/services/targets/local/service-process.ts';
import { SERVICES } from '../../src/services/workloads/catalog.ts';
import { anOperator } from './one-place.ts';

export const BUNDLES = new URL('../../dist/templates', import.meta.url).pathname;

/** Fast enough for tests: free ports, no minimum wait, an engine without delay to speak of. */
const FAST: LocalRequest = {
  replicas: 2,
  engine: 'sim',
  services: { a: { model: 'tinyllama' }, b: { model: 'phi3:mini', minProcessSeconds: 0 } },
  ports: {},
  ollamaUrl: '',
  sim: { outputTokensPerSecond: 100_000, promptTokensPerSecond: 1_000_000, parallel: 4 },
};

/** A stack in a folder of its own that is taken down and removed at the end, whatever the test did. */
export class TestStack {
  readonly events: Event[] = [];
  readonly abort = new AbortController();
  readonly paths: StackPaths;
  readonly deps: StackDeps;
  readonly processes: ProcessDeps;
  readonly #home: string;

  private constructor(home: string) {
    this.#home = home;
    this.paths = stackPaths(home, 'test');
    const { folder, logs } = this.paths;
    this.processes = {
      folder,
      logs,
      listProcesses,
      node: process.execPath,
      baseEnv: {},
    };
    this.deps = {
      clock: systemClock,
      emit: (event) => this.events.push(event),
      signal: this.abort.signal,
      self: { host: 'here', user: 'test', pid: process.pid, startedAt: 'now', command: 'test' },
      isAlive: async () => true,
      newToken: randomUUID,
    };
  }

  static async open(): Promise<TestStack> {
    return new TestStack(await mkdtemp(join(tmpdir(), 'chainctl-local-')));
  }

  /** @param bundles folder of the built services */
  async place(signal = this.abort.signal, bundles = BUNDLES): Promise<Place> {
    const home = this.#home;
    const own = { env: { PATH: process.env.PATH }, home, userHome: home, templates: home, bundles, listProcesses };
    const operator = anOperator(this.deps, own);
    const { paths } = this;
    const flagsOf = () => ({});
    const [place] = placesOf([local], await readState(paths.state).catch(() => undefined), {
      ...{ paths, operator, signal, flagsOf },
    });
    return place as Place;
  }

  async deploy(
    changes: Partial<LocalRequest> = {},
    { bundles, ...deps }: Partial<StackDeps> & { readonly bundles?: string } = {},
    { dryRun }: { readonly dryRun: boolean } = { dryRun: false },
  ): Promise<Deployment> {
    const place = await this.place(deps.signal, bundles);
    const placement = { place, services: SERVICES, request: { ...FAST, ...changes } };
    const options = { dryRun, known: {} };
    const [deployment] = await runDeploy(this.paths, [placement], options, { ...this.deps, ...deps });
    return deployment as Deployment;
  }

  async status(): Promise<TargetStatus | undefined> {
    return (await local.connect((await this.place()).site)).status();
  }

  async teardown(signal = new AbortController().signal): Promise<TeardownReport> {
    const [report] = await teardownStack(this.paths, [await this.place(signal)], { ...this.deps, signal });
    return report as TeardownReport;
  }

  /** What runs, as `key` -> pid; a key with two processes shows up as `key twice`. */
  async running(): Promise<Record<string, number>> {
    const found: Record<string, number> = {};
    for (const { key, pid } of await findStackProcesses(this.processes)) {
      found[key in found ? `${key} twice` : key] = pid;
    }
    return found;
  }

  async close(): Promise<void> {
    await this.teardown().catch(() => {});
    for (const pid of Object.values(await this.running())) process.kill(pid, 'SIGKILL');
    await rm(this.#home, { recursive: true, force: true });
  }
}
