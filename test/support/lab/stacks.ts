import type { Lab } from '../../../lab/lab.ts';
import type { Event } from '../../../src/events.ts';
import { Cli } from '../cli.ts';
import type { Running } from '../in-process.ts';

/** What a command with `--json` ends with. */
export interface Ended {
  readonly code: number | null;
  readonly result: {
    readonly changes: readonly { readonly key: string; readonly action: string; readonly reason: string }[];
  };
  readonly error: { readonly code: string; readonly message: string; readonly nextSteps: readonly string[] };
  readonly warnings: readonly string[];
  readonly stderr: string;
}

/** Acts in the middle of a command. */
type OnEvent = (event: Event, running: Running) => void;

/** The built command against a lab, in this process, with a home of its own. */
export class Stacks {
  readonly #cli: Cli;
  readonly #env: Record<string, string>;
  readonly #bUrl: string;

  private constructor(cli: Cli, lab: Lab, bUrl: string) {
    this.#cli = cli;
    this.#bUrl = bUrl;
    this.#env = { ...lab.env, CHAINCTL_HOME: cli.home, CHAINCTL_OPERATOR_ADDRESS: `${lab.gateway}/32` };
  }

  /** @param bUrl where A finds B; a B that nobody asks by default, as no A comes up without VMs */
  static async open(lab: Lab, bUrl = 'http://198.51.100.9'): Promise<Stacks> {
    return new Stacks(await Cli.open(), lab, bUrl);
  }

  get home(): string {
    return this.#cli.home;
  }

  /** @param env instead of, or beside, what the lab says */
  async run(args: readonly string[], onEvent: OnEvent = () => {}, env: Record<string, string> = {}): Promise<Ended> {
    const onLine = (line: string, running: Running) => {
      if (line.startsWith('{')) onEvent(JSON.parse(line) as Event, running);
    };
    const ended = await this.#cli.jsonHere(args, { env: { ...this.#env, ...env }, onLine });
    return { ...ended.envelope, code: ended.code, stderr: ended.stderr };
  }

  deploy(stack: string, args: readonly string[] = [], onEvent?: OnEvent): Promise<Ended> {
    return this.run(['deploy', 'aws', '--stack', stack, '--b-url', this.#bUrl, '--yes', ...args], onEvent);
  }

  /**
   * A deploy of which only the cloud's part is wanted: interrupted when it turns to the VM, which in a lab without VMs
   * never answers. Exit code 130 says that it came that far.
   */
  deployCloud(stack: string, args: readonly string[] = []): Promise<Ended> {
    return this.deploy(stack, args, (event, running) => {
      if (started(event, 'host-a')) running.kill('SIGINT');
    });
  }

  teardown(stack: string): Promise<Ended> {
    return this.run(['teardown', 'aws', '--stack', stack, '--yes']);
  }

  close(): Promise<void> {
    return this.#cli.close();
  }
}

/** Whether an event says that work on a resource begins. */
export function started(event: Event, key: string): boolean {
  return event.type === 'step-started' && event.key === key;
}

/** What a plan says about each resource. */
export function actions({ result }: Ended): Record<string, string> {
  return Object.fromEntries(result.changes.map(({ key, action }) => [key, action]));
}

/** Why each of them was planned, by key. */
export function reasons({ result }: Ended): Record<string, string> {
  return Object.fromEntries(result.changes.map(({ key, reason }) => [key, reason]));
}

/** One sentence that names the object, and something to do: what every failure has to say. */
export function sentence({ code, error }: Ended) {
  return { exit: code, error: error.code, says: error.message, next: error.nextSteps.join(' | ') };
}

export const NOTHING = { instances: 0, keyPairs: 0, securityGroups: 0, addresses: 0, volumes: 0 };
export const ONE = { instances: 1, keyPairs: 1, securityGroups: 1, addresses: 0, volumes: 1 };
