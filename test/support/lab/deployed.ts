import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { type SimulatedB, startSimulatedB } from '../../../lab/simulated-b.ts';
import type { Vm } from '../../../lab/vm.ts';
import { Cli } from '../cli.ts';

interface Change {
  readonly key: string;
  readonly action: string;
}

interface Tagged {
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}

export interface InstanceSeen extends Tagged {
  readonly InstanceId: string;
  readonly PublicIpAddress: string;
  readonly MetadataOptions: { readonly HttpTokens: string; readonly HttpPutResponseHopLimit: number };
}

/** A lab with VMs, a home for the built command, and a B that the VMs reach. */
export class DeployedLab {
  readonly lab: Lab;
  readonly cli: Cli;
  /** For every command: the lab as the cloud, and this machine as the operator's. */
  readonly env: Readonly<Record<string, string>>;
  readonly #bs: SimulatedB[] = [];

  private constructor(lab: Lab, cli: Cli) {
    this.lab = lab;
    this.cli = cli;
    const { CHAINCTL_HOME: _, ...env } = lab.env;
    this.env = { ...env, CHAINCTL_OPERATOR_ADDRESS: `${lab.gateway}/32` };
  }

  static async start(): Promise<DeployedLab> {
    const cli = await Cli.open();
    try {
      return new DeployedLab(await startLab({ vms: true }), cli);
    } catch (error) {
      await cli.close();
      throw error;
    }
  }

  async startB(options: { readonly port?: number; readonly tokenFile?: string } = {}): Promise<SimulatedB> {
    const b = await startSimulatedB({ address: this.lab.gateway, addChild: this.lab.addChild, ...options });
    this.#bs.push(b);
    return b;
  }

  run(...args: string[]) {
    return this.cli.run(args, { env: this.env });
  }

  /** In this process. */
  json(...args: string[]) {
    return this.cli.jsonHere(args, { env: this.env });
  }

  /** The one VM of a stack as the AWS command line sees it. */
  async instance(stack = 'default'): Promise<InstanceSeen> {
    const found = await this.instances(stack);
    if (found.length !== 1) throw new Error(`stack ${stack} has ${found.length} VMs`);
    return found[0] as InstanceSeen;
  }

  async instances(stack: string): Promise<InstanceSeen[]> {
    const filters = [`Name=tag:chainctl:stack,Values=${stack}`, 'Name=instance-state-name,Values=pending,running'];
    const query = 'Reservations[].Instances[]';
    return (await this.lab.aws(
      ...['ec2', 'describe-instances', '--filters', ...filters, '--query', query],
    )) as InstanceSeen[];
  }

  async vm(stack?: string): Promise<Vm> {
    return this.lab.vms.get((await this.instance(stack)).InstanceId);
  }

  secret(name: string, stack = 'default'): Promise<string> {
    return readFile(this.secretFile(name, stack), 'utf8');
  }

  secretFile(name: string, stack = 'default'): string {
    return join(this.cli.home, 'stacks', stack, 'secrets', name);
  }

  async stop(): Promise<void> {
    for (const b of this.#bs) await b.stop();
    await this.lab.stop();
    await this.cli.close();
  }
}

/** What a deploy did, by resource. */
export function actionsOf(envelope: { readonly result: { readonly changes: readonly Change[] } }) {
  return Object.fromEntries(envelope.result.changes.map(({ key, action }) => [key, action]));
}

export function tagsOf({ Tags = [] }: Tagged): Record<string, string> {
  return Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
}
