import { request } from 'node:http';
import type { Gcp } from '../../lab/gcp/gcp.ts';
import { SLOW_ENGINE } from '../../lab/images.ts';
import type { BothClouds } from '../../lab/lab.ts';
import type { Cli } from '../../test/support/cli.ts';

const ZONE = 'europe-west3-c';

/** What is looked at of a group. */
interface Group {
  readonly targetSize?: number;
  readonly status?: { readonly isStable?: boolean };
}

/** One operation of the API, times in ms since 1970. */
export interface Ended {
  /** `insert of chainctl-plain-url-map` */
  readonly what: string;
  readonly begin: number;
  readonly end: number;
}

/** One stack in the lab, deployed by the built command and looked at by plain requests. */
export class BenchStack {
  readonly name: string;
  readonly cli: Cli;
  readonly lab: BothClouds;
  readonly deployArgs: readonly string[];
  readonly #base: string;

  constructor(name: string, cli: Cli, lab: BothClouds, how: readonly string[]) {
    this.name = name;
    this.cli = cli;
    this.lab = lab;
    const fixed = ['--yes', '--min', '1', '--max', '1', '--ollama-image', SLOW_ENGINE];
    this.deployArgs = ['deploy', 'gcp', ...fixed, ...how];
    this.#base = `${lab.gcp.url}/compute/v1/projects/${lab.gcp.project}`;
  }

  get gcp(): Gcp {
    return this.lab.gcp;
  }

  get env(): Readonly<Record<string, string>> {
    return { ...this.lab.env, CHAINCTL_HOME: this.cli.home, CHAINCTL_OPERATOR_ADDRESS: `${this.lab.gateway}/32` };
  }

  async run(args: readonly string[], options: Parameters<Cli['run']>[1] = {}) {
    const result = await this.cli.json([...args, '--stack', this.name], { env: this.env, ...options });
    if (result.code !== 0) throw new Error(`${args.join(' ')}: ${result.stderr.slice(-2000)}`);
    return result;
  }

  group(): Promise<Group | undefined> {
    return this.#get(`zones/${ZONE}/instanceGroupManagers/chainctl-${this.name}-llm-b-mig`);
  }

  autoscaler(): Promise<{ readonly status?: string } | undefined> {
    return this.#get(`zones/${ZONE}/autoscalers/chainctl-${this.name}-llm-b-autoscaler`);
  }

  /** Gives the group another size: what an autoscaler does that wants one. */
  async resize(size: number): Promise<void> {
    const path = `zones/${ZONE}/autoscalers?autoscaler=chainctl-${this.name}-llm-b-autoscaler`;
    const autoscalingPolicy = { minNumReplicas: size, maxNumReplicas: size };
    const answer = await this.#call('PATCH', path, { autoscalingPolicy });
    if (!answer.ok) throw new Error(`the autoscaler cannot be changed: ${await answer.text()}`);
  }

  /** Where the public address is; undefined before it is reserved. */
  async address(): Promise<string | undefined> {
    const found = await this.#get<{ address?: string }>(`global/addresses/chainctl-${this.name}-address`);
    return found?.address;
  }

  /** Operations of this stack that began after a moment. */
  async operations(since: number): Promise<Ended[]> {
    const all = await this.#get<{ items: Record<string, { operations?: Record<string, string>[] }> }>(
      'aggregated/operations?maxResults=500&orderBy=creationTimestamp desc',
    );
    return Object.values(all?.items ?? {})
      .flatMap(({ operations }) => operations ?? [])
      .map(({ operationType, targetLink, insertTime, endTime }) => ({
        what: `${operationType} of ${targetLink?.split('/').at(-1)}`,
        begin: timeOf(insertTime),
        end: timeOf(endTime),
      }))
      .filter(({ what, begin }) => begin >= since && what.includes(`chainctl-${this.name}-`));
  }

  /** Bakes, and leaves nothing but the image: the deploy is ended as soon as it is there. */
  async makeImage(): Promise<void> {
    await this.cli.run([...this.deployArgs, '--stack', this.name, '--json'], {
      env: this.env,
      onLine(line, child) {
        const event = line.startsWith('{') ? (JSON.parse(line) as { type?: string; key?: string }) : {};
        if (event.type === 'step-done' && event.key?.startsWith('image-')) child.kill('SIGINT');
      },
    });
    await this.removeAllButImages();
    const { images } = this.gcp.count(`chainctl-${this.name}-`);
    if (images !== 1) throw new Error('no image was made');
  }

  /** Removes all but images, without a word to chainctl. */
  async removeAllButImages(): Promise<void> {
    await this.gcp.settled();
    const order = [
      ...['global/forwardingRules', 'global/targetHttpProxies', 'global/urlMaps', 'global/backendServices'],
      ...[`zones/${ZONE}/autoscalers`, `zones/${ZONE}/instanceGroupManagers`, 'global/instanceTemplates'],
      ...['global/healthChecks', 'global/firewalls', 'global/addresses', `zones/${ZONE}/instances`],
    ];
    for (const collection of order) {
      const listed = await this.#get<{ items?: { name: string }[] }>(collection);
      const own = (listed?.items ?? []).filter(({ name }) => name.startsWith(`chainctl-${this.name}-`));
      for (const { name } of own) await this.#call('DELETE', `${collection}/${name}`);
      await this.gcp.settled();
    }
  }

  async #get<T>(path: string): Promise<T | undefined> {
    const answer = await this.#call('GET', path);
    return answer.ok ? ((await answer.json()) as T) : undefined;
  }

  #call(method: string, path: string, body?: object): Promise<Response> {
    return fetch(`${this.#base}/${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  }
}

/** Which host answered at an address, over a connection of its own; undefined for anything but a 200. */
export function hostAt(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const call = request(`http://${address}/health`, { agent: false, timeout: 2000 }, async (answer) => {
      let text = '';
      for await (const part of answer.setEncoding('utf8')) text += part;
      resolve(answer.statusCode === 200 ? (JSON.parse(text) as { host: string }).host : undefined);
    });
    call.on('timeout', () => call.destroy()).on('error', () => resolve(undefined));
    call.end();
  });
}

function timeOf(text: string | undefined): number {
  return Date.parse(text?.replace('-00:00', 'Z') ?? '');
}
