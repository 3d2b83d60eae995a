import { setTimeout as sleep } from 'node:timers/promises';
import type { Vms } from './vms.ts';

/** States between two others last at least this long, so that clients see them without VMs, too. */
const TRANSITION_MS = 50;

const STATE_CODES = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
} as const;

export type InstanceState = keyof typeof STATE_CODES;

export const STATES = Object.keys(STATE_CODES) as InstanceState[];

/** EC2's number for a state. */
export function stateCode(state: InstanceState): string {
  return String(STATE_CODES[state]);
}

export interface Launch {
  readonly id: string;
  readonly userData: string;
  readonly publicKey: string | undefined;
  readonly groups: readonly string[];
  /** What the machine does when it turns itself off. */
  readonly onPowerOff: 'stop' | 'terminate';
}

export interface Instance {
  readonly id: string;
  readonly address: string;
  readonly groups: readonly string[];
  onPowerOff: 'stop' | 'terminate';
  state: InstanceState;
  /** Whether its status checks pass: SSH answers. */
  ok: boolean;
  /** When its groups could be deleted, in Date.now()'s milliseconds. */
  terminatedAt: number | undefined;
}

/**
 * The states of instances as EC2 shows them: they follow the VM that plays the instance. moto says "running" and
 * "terminated" at once.
 */
export class Instances {
  readonly #vms: Vms;
  readonly #all = new Map<string, Instance>();
  readonly #work = new Set<Promise<void>>();
  /** By instance: what is done to it last. One thing after the other: a VM is gone only after it has come. */
  readonly #last = new Map<string, Promise<void>>();
  /** Called when a machine turned itself off, so that moto learns it. */
  readonly #onPowerOff: (instance: Instance) => void;
  /** What a VM failed at, for the person at the lab. */
  readonly problems: string[] = [];

  constructor(vms: Vms, onPowerOff: (instance: Instance) => void) {
    this.#vms = vms;
    this.#onPowerOff = onPowerOff;
  }

  get(id: string): Instance | undefined {
    return this.#all.get(id);
  }

  /** Instances that still keep this security group from being deleted. */
  using(group: string, releaseMs: number): Instance[] {
    const holds = ({ state, terminatedAt }: Instance) =>
      state !== 'terminated' || Date.now() < (terminatedAt ?? 0) + releaseMs;
    return [...this.#all.values()].filter((each) => each.groups.includes(group) && holds(each));
  }

  launch(launch: Launch): Instance {
    const { id, userData, publicKey } = launch;
    const address = this.#vms.newAddress();
    const { groups, onPowerOff } = launch;
    const instance: Instance = {
      ...{ id, address, groups, onPowerOff },
      ...{ state: 'pending', ok: false, terminatedAt: undefined },
    };
    this.#all.set(id, instance);
    const powerOff = () => {
      if (instance.state === 'running' || instance.state === 'pending') this.#onPowerOff(instance);
    };
    this.#do(instance, async () => {
      await this.#vms.boot({ instanceId: id, address, userData, publicKey, onPowerOff: powerOff });
      this.#running(instance);
    });
    return instance;
  }

  terminate(instance: Instance): void {
    if (instance.state === 'terminated' || instance.state === 'shutting-down') return;
    instance.state = 'shutting-down';
    this.#do(instance, async () => {
      await this.#vms.terminate(instance.id);
      instance.state = 'terminated';
      instance.terminatedAt = Date.now();
    });
  }

  stop(instance: Instance): void {
    instance.state = 'stopping';
    this.#do(instance, async () => {
      await this.#vms.find(instance.id)?.stop();
      instance.state = 'stopped';
    });
  }

  start(instance: Instance): void {
    instance.state = 'pending';
    this.#do(instance, async () => {
      await this.#vms.find(instance.id)?.start();
      this.#running(instance);
    });
  }

  reboot(instance: Instance): void {
    this.#do(instance, async () => {
      await this.#vms.find(instance.id)?.reboot();
    });
  }

  /** Resolves when no VM is on its way from one state to another. */
  async settled(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  /** It runs before it answers; what becomes of the checks does not hold up anything. */
  #running(instance: Instance): void {
    if (instance.state !== 'pending') return;
    instance.state = 'running';
    const checked = this.#vms.find(instance.id)?.sshReady() ?? Promise.resolve();
    checked.then(
      () => {
        instance.ok = true;
      },
      (error: unknown) => this.#note(instance, error),
    );
  }

  #do(instance: Instance, work: () => Promise<void>): void {
    const before = this.#last.get(instance.id);
    const running = Promise.all([before, sleep(TRANSITION_MS)])
      .then(work)
      .catch((error: unknown) => this.#note(instance, error))
      .finally(() => this.#work.delete(running));
    this.#last.set(instance.id, running);
    this.#work.add(running);
  }

  #note(instance: Instance, error: unknown): void {
    // What has been told to go away may go in the middle of anything.
    if (instance.state === 'terminated' || instance.state === 'shutting-down') return;
    this.problems.push(`${instance.id}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
