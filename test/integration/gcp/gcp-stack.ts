import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Gcp } from '../../../lab/gcp/gcp.ts';
import type { Event } from '../../../src/events.ts';
import { systemClock } from '../../../src/runtime.ts';
import { type StackPaths, stackPaths } from '../../../src/services/stack/paths.ts';
import type { Connection } from '../../../src/services/stack/provider.ts';
import { openStack, type StackDeps } from '../../../src/services/stack/session.ts';
import { driftOf } from '../../../src/services/stack/stack-status.ts';
import { readState } from '../../../src/services/stack/state.ts';
import { teardownTarget } from '../../../src/services/stack/teardown.ts';
import type { BootSource } from '../../../src/services/targets/gcp/boot-source.ts';
import { openCompute } from '../../../src/services/targets/gcp/compute.ts';
import { planGcp } from '../../../src/services/targets/gcp/deploy.ts';
import type { GcpPlanDeps } from '../../../src/services/targets/gcp/plan-in-zone.ts';
import { gcp as provider } from '../../../src/services/targets/gcp/provider.ts';
import type { GcpRequest } from '../../../src/services/targets/gcp/request.ts';
import { httpProbe } from '../../../src/services/targets/gcp/serving.ts';
import { openGcpTarget } from '../../../src/services/targets/gcp/target.ts';
import { SERVICES } from '../../../src/services/workloads/catalog.ts';
import { GCP_REQUEST } from '../../support/gcp-request.ts';
import { deployAt, placementAt } from '../../support/one-place.ts';

const PUBLIC_IMAGE = 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64';

// Real time: what takes minutes in a cloud takes milliseconds in the lab.
const REQUEST: GcpRequest = {
  ...GCP_REQUEST,
  project: 'chainctl-lab',
  requestSeconds: 5,
  readySeconds: 60,
  auth: 'none',
};

export interface GcpDeps extends StackDeps, GcpPlanDeps {
  /** Told the address of B as soon as it is announced. */
  onAddress?(url: string): void;
  confirm?(): Promise<void>;
}

/** A stack against the lab's Compute Engine, with a folder of its own. */
export class GcpStack {
  readonly events: Event[] = [];
  readonly addresses: string[] = [];
  readonly paths: StackPaths;
  readonly home: string;
  readonly deps: GcpDeps;
  source: BootSource = {
    image: PUBLIC_IMAGE,
    metadata: { 'startup-script': '#!/bin/sh\n' },
    hash: 'one',
    startSeconds: 60,
  };

  private constructor(home: string, compute: GcpDeps['compute'], stack: string) {
    this.home = home;
    this.paths = stackPaths(home, stack);
    this.deps = {
      compute,
      createdBy: 'test@here',
      boot: async () => ({ source: this.source, desired: [] }),
      probe: httpProbe,
      onAddress: (url) => this.addresses.push(url),
      clock: systemClock,
      emit: (event) => this.events.push(event),
      signal: new AbortController().signal,
      self: { host: 'here', user: 'test', pid: process.pid, startedAt: 'now', command: 'test' },
      isAlive: async () => false,
      newToken: randomUUID,
    };
  }

  static async open(gcp: Pick<Gcp, 'url' | 'project'>, stack = 'test'): Promise<GcpStack> {
    const home = await mkdtemp(join(tmpdir(), 'chainctl-gcp-'));
    const compute = await openCompute({
      project: gcp.project,
      zone: 'europe-west3-c',
      endpoint: gcp.url,
      clock: systemClock,
    });
    return new GcpStack(home, compute, stack);
  }

  deploy(changes: Partial<GcpRequest> = {}, deps: Partial<GcpDeps> = {}) {
    return this.#run(changes, { ...this.deps, ...deps }, false);
  }

  plan(changes: Partial<GcpRequest> = {}) {
    return this.#run(changes, this.deps, true);
  }

  /** Its part of a deploy to several places. */
  placement() {
    return placementAt(this.#asked({}, this.deps), this.deps);
  }

  #run(changes: Partial<GcpRequest>, deps: GcpDeps, dryRun: boolean) {
    return deployAt({ ...this.#asked(changes, deps), known: {}, dryRun }, deps);
  }

  #asked(changes: Partial<GcpRequest>, deps: GcpDeps) {
    const plan: Connection<GcpRequest>['plan'] = (asked, steps, links, options) => {
      const announce = (service: string, url: string) => {
        deps.onAddress?.(url);
        links.announce(service, url);
      };
      return planGcp(asked, steps, { announce }, options, deps);
    };
    const services = SERVICES.filter((each) => provider.runs(each));
    return { paths: this.paths, provider, request: { ...REQUEST, ...changes }, services, plan };
  }

  teardown(changes: Partial<GcpDeps> = {}) {
    const deps = { ...this.deps, ...changes };
    return openStack(this.paths, deps, async (stack) => {
      const steps = stack.steps('gcp');
      const target = openGcpTarget(deps.compute, this.paths.name, steps.journal.target);
      return teardownTarget(target, steps);
    });
  }

  async record() {
    return (await readState(this.paths.state))?.targets.gcp;
  }

  /** What `status --refresh` finds. */
  drift() {
    return openStack(this.paths, this.deps, async (stack) => {
      const { context, journal } = stack.steps('gcp');
      const target = openGcpTarget(this.deps.compute, this.paths.name, journal.target);
      return driftOf(target, journal.target.resources, context);
    });
  }

  /** As a killed process leaves it, with its state file lost. */
  async loseState(): Promise<void> {
    await rm(this.paths.folder, { recursive: true, force: true });
  }

  warnings(): readonly string[] {
    return this.events.flatMap((event) => (event.type === 'note' && event.level === 'warn' ? [event.text] : []));
  }

  async close(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }
}

/** What a plan or a deploy says it does, by key, without what stays. */
export function changed({
  changes,
}: {
  readonly changes: readonly { readonly key: string; readonly action: string }[];
}): Record<string, string> {
  const changing = changes.filter(({ action }) => action !== 'unchanged');
  return Object.fromEntries(changing.map(({ key, action }) => [key, action]));
}
