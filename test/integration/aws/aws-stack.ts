import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '../../../src/events.ts';
import { systemClock } from '../../../src/runtime.ts';
import type { Clock } from '../../../src/services/clock.ts';
import { type StackPaths, stackPaths } from '../../../src/services/stack/paths.ts';
import type { Connection } from '../../../src/services/stack/provider.ts';
import { openStack, type StackDeps } from '../../../src/services/stack/session.ts';
import { teardownTarget } from '../../../src/services/stack/teardown.ts';
import { UBUNTU_24_04 } from '../../../src/services/targets/aws/ami.ts';
import { type AwsPlanDeps, planAws } from '../../../src/services/targets/aws/deploy.ts';
import { openEc2 } from '../../../src/services/targets/aws/ec2.ts';
import { aws } from '../../../src/services/targets/aws/provider.ts';
import type { AwsRequest } from '../../../src/services/targets/aws/request.ts';
import { openAwsTarget } from '../../../src/services/targets/aws/target.ts';
import { SERVICES } from '../../../src/services/workloads/catalog.ts';
import { deployAt, placementAt } from '../../support/one-place.ts';
import { CREDENTIALS, REGION } from './moto.ts';

const REQUEST: AwsRequest = {
  region: REGION,
  type: 'c6i.xlarge',
  image: UBUNTU_24_04,
  diskGb: 20,
  operatorAddress: '203.0.113.7/32',
  allow: [],
  public: false,
  elasticIp: false,
  services: { a: { model: 'tinyllama' } },
  sshUser: 'ubuntu',
  auth: 'token',
};

interface AwsDeps extends StackDeps, AwsPlanDeps {
  confirm?(): Promise<void>;
}

/** A public key as OpenSSH writes it. */
export function publicKeyLine(): string {
  const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  const part = (value: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, value.length]), value]);
  const blob = Buffer.concat([part(Buffer.from('ssh-ed25519')), part(Buffer.from(x, 'base64url'))]);
  return `ssh-ed25519 ${blob.toString('base64')} test`;
}

/** A clock that jumps: each wait takes a moment and counts in full, so that a deadline of minutes comes soon. */
export function jumpingClock(): Clock {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    monotonic: () => systemClock.monotonic() + ahead,
    async sleep(ms, signal) {
      await systemClock.sleep(Math.min(ms, 5), signal);
      ahead += ms;
    },
  };
}

/** A stack against an EC2 endpoint, with a folder of its own. */
export class AwsStack {
  readonly events: Event[] = [];
  readonly paths: StackPaths;
  readonly home: string;
  readonly deps: AwsDeps;
  material = { publicKey: publicKeyLine(), userData: '#cloud-config\n', bootHash: 'boot' };

  private constructor(home: string, ec2: AwsDeps['ec2'], stack: string) {
    this.home = home;
    this.paths = stackPaths(home, stack);
    this.deps = {
      ec2,
      createdBy: 'test@here',
      material: async () => this.material,
      clock: jumpingClock(),
      emit: (event) => this.events.push(event),
      signal: new AbortController().signal,
      self: { host: 'here', user: 'test', pid: process.pid, startedAt: 'now', command: 'test' },
      isAlive: async () => false,
      newToken: randomUUID,
    };
  }

  static async open(endpoint: string, stack = 'test'): Promise<AwsStack> {
    Object.assign(process.env, CREDENTIALS);
    const home = await mkdtemp(join(tmpdir(), 'chainctl-aws-'));
    const ec2 = await openEc2({ region: REGION, endpoint, clock: systemClock });
    return new AwsStack(home, ec2, stack);
  }

  deploy(changes: Partial<AwsRequest> = {}, deps: Partial<AwsDeps> = {}) {
    return this.#run(changes, { ...this.deps, ...deps }, false);
  }

  plan(changes: Partial<AwsRequest> = {}) {
    return this.#run(changes, this.deps, true);
  }

  /** Its part of a deploy to several places. */
  placement(changes: Partial<AwsRequest> = {}) {
    return placementAt(this.#asked(changes, this.deps), this.deps);
  }

  #run(changes: Partial<AwsRequest>, deps: AwsDeps, dryRun: boolean) {
    return deployAt({ ...this.#asked(changes, deps), known: { b: 'http://198.51.100.9' }, dryRun }, deps);
  }

  #asked(changes: Partial<AwsRequest>, deps: AwsDeps) {
    const request = { ...REQUEST, ...changes };
    const plan: Connection<AwsRequest>['plan'] = (asked, steps, links, options) =>
      planAws(asked, steps, links, options, deps);
    const services = SERVICES.filter(({ name }) => name in request.services);
    return { paths: this.paths, provider: aws, request, services, plan };
  }

  teardown(changes: Partial<AwsDeps> = {}) {
    const deps = { ...this.deps, ...changes };
    return openStack(this.paths, deps, async (stack) => {
      const steps = stack.steps('aws');
      const target = await openAwsTarget(deps.ec2, this.paths.name, steps.journal.target, steps.context);
      return teardownTarget(target, steps);
    });
  }

  /** What a plan or a deploy says it does, by key. */
  static actions({ changes }: { readonly changes: readonly { readonly key: string; readonly action: string }[] }) {
    return Object.fromEntries(changes.map(({ key, action }) => [key, action]));
  }

  async close(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }
}
