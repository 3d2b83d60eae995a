import { Vm, type VmHost, type VmSpec } from '../vm.ts';
import type { Machine } from './machines.ts';

/** Timers cannot wait longer, which is 24 days; a lab does not live that long. */
const LONGEST_MS = 2 ** 31 - 1;

export interface ContainerMachineSpec extends Omit<VmSpec, 'onPowerOff'> {
  /** It is stopped this long after each start. */
  readonly maxRunSeconds?: number | undefined;
  /** Its disk is gone. */
  readonly onRemoved: () => void;
}

/** One instance of Compute Engine, played by a lab VM. */
export class ContainerMachine implements Machine {
  readonly address: string;
  readonly #spec: ContainerMachineSpec;
  #vm!: Vm;
  #running = true;
  #removal: Promise<void> | undefined;
  #limit: NodeJS.Timeout | undefined;

  private constructor(spec: ContainerMachineSpec) {
    this.#spec = spec;
    this.address = spec.address;
  }

  static async boot(host: VmHost, spec: ContainerMachineSpec): Promise<ContainerMachine> {
    const machine = new ContainerMachine(spec);
    machine.#vm = await Vm.boot(host, { ...spec, onPowerOff: () => machine.#off() });
    machine.#limitRun();
    return machine;
  }

  running(): boolean {
    return this.#running;
  }

  cpuSeconds(): Promise<number> {
    return this.#vm.cpuSeconds();
  }

  consoleOutput(): Promise<string> {
    return this.#vm.consoleOutput();
  }

  /** Runs a program as root in it and returns what it printed. */
  exec(...command: string[]): Promise<string> {
    return this.#vm.exec(...command);
  }

  async reset(): Promise<void> {
    await this.#vm.reset();
    this.#on();
  }

  async stop(): Promise<void> {
    this.#off();
    await this.#vm.stop();
  }

  async start(): Promise<void> {
    await this.#vm.start();
    this.#on();
  }

  /** Once, however often it is asked for: Docker refuses a second removal while the first one goes on. */
  remove(): Promise<void> {
    this.#removal ??= this.#remove();
    return this.#removal;
  }

  /**
   * @param image name for the Docker image of its root
   * @param folder for its /var/lib/docker
   * @throws while it runs
   */
  async saveDisk(image: string, folder: string): Promise<void> {
    if (this.#running) throw new Error(`the disk of ${this.#spec.hostname} is in use: stop the instance first`);
    await this.#vm.saveDisk(image, folder);
  }

  async #remove(): Promise<void> {
    this.#off();
    await this.#vm.terminate();
    this.#spec.onRemoved();
  }

  #on(): void {
    this.#running = true;
    this.#limitRun();
  }

  #off(): void {
    this.#running = false;
    clearTimeout(this.#limit);
  }

  #limitRun(): void {
    clearTimeout(this.#limit);
    const { maxRunSeconds } = this.#spec;
    if (maxRunSeconds === undefined) return;
    // It may be removed in that moment.
    this.#limit = setTimeout(() => this.stop().catch(() => {}), Math.min(maxRunSeconds * 1000, LONGEST_MS)).unref();
  }
}
