import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Gcp } from '../../../lab/gcp/gcp.ts';
import type { Event } from '../../../src/events.ts';
import { systemClock } from '../../../src/runtime.ts';
import { driftOf } from '../../../src/services/stack/drift.ts';
import { type StackPaths, stackPaths } from '../../../src/services/stack/paths.ts';
import { withStack } from '../../../src/services/stack/session.ts';
import { readState } from '../../../src/services/stack/state.ts';
import type { BootSource } from '../../../src/services/targets/gcp/boot-source.ts';
import { openCompute } from '../../../src/services/targets/gcp/compute.ts';
import { deployGcp, type GcpDeps } from '../../../src/services/targets/gcp/deploy.ts';
import { httpProbe } from '../../../src/services/targets/gcp/probe.ts';
import type { GcpRequest } from '../../../src/services/targets/gcp/request.ts';
import { openGcpTarget, teardownGcp } from '../../../src/services/targets/gcp/teardown.ts';
import { GCP_REQUEST } from '../../support/gcp-request.ts';

const PUBLIC_IMAGE = 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64';

// Real time: what takes minutes in a cloud takes milliseconds in the lab.
const REQUEST: GcpRequest = {
  ...GCP_REQUEST,
  project: 'chainctl-lab',
  requestSeconds: 5,
  readySeconds: 60,
  auth: 'none',
};

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
    diskGb: 10,
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
    return deployGcp(this.paths, { ...REQUEST, ...changes }, { dryRun: false }, { ...this.deps, ...deps });
  }

  plan(changes: Partial<GcpRequest> = {}) {
    return deployGcp(this.paths, { ...REQUEST, ...changes }, { dryRun: true }, this.deps);
  }

  teardown(deps: Partial<GcpDeps> = {}) {
    return teardownGcp(this.paths, { ...this.deps, ...deps });
  }

  async record() {
    return (await readState(this.paths.state))?.targets.gcp;
  }

  /** What `status --refresh` finds. */
  drift() {
    return withStack(this.paths, 'gcp', this.deps, async (steps) =>
      driftOf(openGcpTarget(this.deps.compute, this.paths.name, steps.journal.target, undefined), steps),
    );
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
