import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '../../src/events.ts';
import { systemClock } from '../../src/runtime.ts';
import { listProcesses } from '../../src/services/machine/process-table.ts';
import { type StackPaths, stackPaths } from '../../src/services/stack/paths.ts';
import { loadBundles } from '../../src/services/targets/local/bundles.ts';
import { deployLocal, type LocalDeps } from '../../src/services/targets/local/deploy.ts';
import type { LocalRequest } from '../../src/services/targets/local/request.ts';
import { findStackProcesses } from '../../src/services/targets/local/service-process.ts';
import { teardownLocal } from '../../src/services/targets/local/teardown.ts';

export const BUNDLES = new URL('../../dist/templates', import.meta.url).pathname;

/** Fast enough for tests: free ports, no minimum wait, an engine without delay to speak of. */
const FAST: LocalRequest = {
  replicas: 2,
  engine: 'sim',
  modelA: 'tinyllama',
  modelB: 'phi3:mini',
  minProcessSeconds: 0,
  portA: 0,
  portB: 0,
  ollamaUrl: '',
  sim: { outputTokensPerSecond: 100_000, promptTokensPerSecond: 1_000_000, parallel: 4 },
};

/** A stack in a folder of its own that is taken down and removed at the end, whatever the test did. */
export class TestStack {
  readonly events: Event[] = [];
  readonly abort = new AbortController();
  readonly paths: StackPaths;
  readonly deps: LocalDeps;
  readonly #home: string;

  private constructor(home: string, bundles: LocalDeps['bundles']) {
    this.#home = home;
    this.paths = stackPaths(home, 'test');
    const { folder, logs } = this.paths;
    const baseEnv = { PATH: process.env.PATH ?? '' };
    this.deps = {
      clock: systemClock,
      emit: (event) => this.events.push(event),
      signal: this.abort.signal,
      self: { host: 'here', user: 'test', pid: process.pid, startedAt: 'now', command: 'test' },
      isAlive: async () => true,
      newToken: randomUUID,
      bundles,
      processes: { folder, logs, listProcesses, node: process.execPath, baseEnv },
    };
  }

  static async open(): Promise<TestStack> {
    return new TestStack(await mkdtemp(join(tmpdir(), 'chainctl-local-')), await loadBundles(BUNDLES));
  }

  deploy(changes: Partial<LocalRequest> = {}, deps: Partial<LocalDeps> = {}, options = { dryRun: false }) {
    return deployLocal(this.paths, { ...FAST, ...changes }, options, { ...this.deps, ...deps });
  }

  teardown(signal = new AbortController().signal) {
    return teardownLocal(this.paths, { ...this.deps, signal });
  }

  /** What runs, as `key` -> pid; a key with two processes shows up as `key twice`. */
  async running(): Promise<Record<string, number>> {
    const found: Record<string, number> = {};
    for (const { key, pid } of await findStackProcesses(this.deps.processes)) {
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
