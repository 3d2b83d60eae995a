import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from './cache.ts';
import { type Behaviour, Ec2 } from './ec2.ts';
import { Faults } from './faults.ts';
import { containerMachines } from './gcp/container-machines.ts';
import { type Gcp, startGcp } from './gcp/gcp.ts';
import { haproxyBalancers } from './gcp/haproxy-balancers.ts';
import { memoryBalancers } from './gcp/memory-balancers.ts';
import { memoryMachines } from './gcp/memory-machines.ts';
import { type Timings, WITH_VMS } from './gcp/timings.ts';
import { type Inventory, inventoryByCli, inventoryByQuery } from './inventory.ts';
import { startMoto } from './moto.ts';
import { type Call, startProxy } from './proxy.ts';
import { Session } from './session.ts';
import { run } from './shell.ts';
import { ensureCloudTools } from './support.ts';
import type { VmHost } from './vm.ts';
import { prepareVmHost, Vms } from './vms.ts';

/** A cloud on this machine. */
export interface Lab {
  /** What chainctl and the AWS command line need to use it: endpoint, region, made-up credentials, an empty home. */
  readonly env: Readonly<Record<string, string>>;
  /** Every call so far, oldest first. */
  readonly calls: readonly Call[];
  readonly faults: Faults;
  /** What can be set, for calls to come. */
  readonly behaviour: Behaviour;
  readonly vms: Vms;
  /** This machine's address as VMs see it. */
  readonly gateway: string;
  /** Where it keeps its files. */
  readonly folder: string;
  /** What VMs failed at. */
  readonly problems: string[];
  /** Runs the AWS command line, a client that shares nothing with chainctl: `lab.aws('ec2', 'describe-instances')`. */
  aws(...args: string[]): Promise<unknown>;
  /** What the AWS command line counts. */
  count(): Promise<Inventory>;
  /** The same by plain requests, which take no second; of one stack, where it is named. */
  countPlainly(stack?: string): Promise<Inventory>;
  /** Resolves when no VM is on its way from one state to another. */
  settled(): Promise<void>;
  /** Writes down a process that has to go with the lab, also when the lab is killed. */
  addChild(pid: number): Promise<void>;
  /** Removes everything. */
  stop(): Promise<void>;
}

/** A lab with Compute Engine beside EC2, in one network. */
export interface BothClouds extends Lab {
  readonly gcp: Gcp;
}

interface LabOptions {
  readonly vms?: boolean;
  readonly gcp?: true | Partial<Timings>;
}

/**
 * Starts a lab. Several may run at once, in one process or in many.
 *
 * @param vms whether instances are played by VMs (root on Debian; the first time builds images for about a minute) or
 *   exist in the API only, at addresses on loopback where nothing answers
 * @param gcp whether there is Compute Engine, too, and how long things take in it
 * @throws when this machine lacks something; `labObstacle` tells before
 */
export async function startLab(options: LabOptions & { readonly gcp: true | Partial<Timings> }): Promise<BothClouds>;
export async function startLab(options?: LabOptions): Promise<Lab>;
export async function startLab({ vms: withVms, gcp: gcpWanted }: LabOptions = {}): Promise<Lab> {
  const undo: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    const failures: unknown[] = [];
    for (const step of undo.splice(0).reverse()) await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  try {
    const tools = await withLock('tools', ensureCloudTools);
    const session = await Session.open();
    undo.push(() => session.close());
    const [moto, host] = await bothOrNone(startMoto(tools.motoServer), withVms ? prepareVmHost(session) : undefined);
    undo.push(() => moto.stop());
    await session.addChild(moto.pid);
    const vms = new Vms(session, host);
    const ec2 = new Ec2(moto, vms);
    undo.push(async () => {
      await ec2.instances.settled();
      await vms.close();
    });
    const faults = new Faults();
    const proxy = await startProxy(
      (...call) => ec2.handle(...call),
      faults,
      (...call) => ec2.refused(...call),
    );
    undo.push(() => proxy.close());
    const home = join(session.folder, 'home');
    await mkdir(home, { mode: 0o700 });
    const timings = gcpWanted === true ? {} : gcpWanted;
    const gcp = timings && (await startGcpOf(session, host, { ...(host ? WITH_VMS : {}), ...timings }));
    if (gcp) undo.push(() => gcp.stop());
    const env = { ...environment(proxy.url, home), ...gcp?.env };
    const aws = async (...args: string[]): Promise<unknown> => {
      const text = await run(tools.aws, [...args, '--output', 'json'], { env });
      return text === '' ? undefined : JSON.parse(text);
    };
    const { behaviour } = ec2;
    const { problems } = ec2.instances;
    const { folder } = session;
    return {
      ...{ env, calls: proxy.calls, faults, behaviour, vms, folder, problems, aws, stop },
      ...(gcp ? { gcp } : {}),
      gateway: host ? session.address(1) : '127.0.0.1',
      count: () => inventoryByCli(aws),
      countPlainly: (stack) => inventoryByQuery(proxy.url, stack),
      settled: () => ec2.instances.settled(),
      addChild: (pid) => session.addChild(pid),
    };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

/** Compute Engine, with or without VMs. */
async function startGcpOf(session: Session, host: VmHost | undefined, timings: Partial<Timings>): Promise<Gcp> {
  const machines = host ? await containerMachines(session, host) : memoryMachines();
  const balancers = host ? haproxyBalancers(session) : memoryBalancers();
  const gcloudConfig = join(session.folder, 'gcloud');
  try {
    return await startGcp({ machines, balancers, timings, gcloudConfig });
  } catch (error) {
    await machines.close();
    throw error;
  }
}

/** Of two things that start together, the first is stopped when the second fails. */
async function bothOrNone<A extends { stop(): Promise<void> }, B>(first: Promise<A>, second: Promise<B> | undefined) {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === 'rejected') throw a.reason;
  if (b.status === 'fulfilled') return [a.value, b.value] as const;
  await a.value.stop();
  throw b.reason;
}

/** No profile, configuration or metadata service of the machine's user has a say. */
function environment(endpoint: string, home: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_EC2: endpoint,
    AWS_ACCESS_KEY_ID: 'AKIALABLABLABLABLAB0',
    AWS_SECRET_ACCESS_KEY: 'lab',
    AWS_REGION: 'eu-north-1',
    AWS_DEFAULT_REGION: 'eu-north-1',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    CHAINCTL_HOME: home,
  };
}
