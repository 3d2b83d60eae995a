import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { AddressPool } from '../address-pool.ts';
import { contentHash } from '../cache.ts';
import type { Session } from '../session.ts';
import { run } from '../shell.ts';
import { BalancerServers } from './balancer-servers.ts';
import { type Haproxy, startHaproxy } from './haproxy.ts';
import {
  type BalancerSettings,
  type ConfigFiles,
  haproxyConfig,
  NOT_FOUND,
  statusMap,
  TIMED_OUT,
  UNAVAILABLE,
} from './haproxy-config.ts';
import type { BalancerRule, Balancers } from './machines.ts';

/** Numbers of the balancers' addresses in the lab's network: 10.87.n+1.200 to .249. */
const FIRST = 256 + 200;
const LAST = 256 + 249;

interface Balancer {
  readonly settings: BalancerSettings;
  readonly haproxy: Haproxy;
  /** Those that it took over from: they end when their clients have. */
  readonly before: readonly Haproxy[];
  readonly servers: BalancerServers;
  readonly files: ConfigFiles;
}

/** Google's load balancers played by haproxy on this machine, one process for each rule. The network must be there. */
export function haproxyBalancers(session: Session): Balancers {
  return new HaproxyBalancers(session);
}

class HaproxyBalancers implements Balancers {
  readonly #session: Session;
  readonly #addresses: AddressPool;
  readonly #balancers = new Map<string, Balancer>();
  /** By rule: its last change. One after the other. */
  readonly #last = new Map<string, Promise<void>>();
  #started = 0;

  constructor(session: Session) {
    this.#session = session;
    this.#addresses = new AddressPool((n) => session.address(n), FIRST, LAST);
  }

  /** The next one that no rule has. Nobody says when a reserved one is released, so they come round again after 50. */
  newAddress(): string {
    const address = this.#addresses.take();
    this.#addresses.giveBack(address);
    return address;
  }

  put(rule: BalancerRule): Promise<void> {
    return this.#inTurn(rule.name, async () => {
      const { address, port, check, timeoutSeconds } = rule;
      const settings = { address, port, check, timeoutSeconds };
      const present = this.#balancers.get(rule.name);
      if (!present || !isDeepStrictEqual(present.settings, settings)) return this.#start(rule, settings, present);
      await present.servers.set(rule.backends);
      await present.haproxy.tell(`set map ${present.files.status} ${statusMap(rule)}`);
    });
  }

  remove(name: string): Promise<void> {
    return this.#inTurn(name, async () => {
      const balancer = this.#balancers.get(name);
      if (!balancer) return;
      this.#balancers.delete(name);
      await Promise.all([balancer.haproxy, ...balancer.before].map((each) => each.stop()));
      await this.#leave(balancer.settings.address);
    });
  }

  async health(name: string): ReturnType<Balancers['health']> {
    return (await this.#balancers.get(name)?.servers.health()) ?? {};
  }

  async traffic(name: string): ReturnType<Balancers['traffic']> {
    return (await this.#balancers.get(name)?.servers.traffic()) ?? {};
  }

  async close(): Promise<void> {
    await Promise.all([...this.#balancers.keys()].map((name) => this.remove(name)));
  }

  async #start(rule: BalancerRule, settings: BalancerSettings, present: Balancer | undefined): Promise<void> {
    const known = (await present?.servers.health()) ?? {};
    const healthy = rule.backends.filter(({ name, draining }) => known[name] === 'HEALTHY' && !draining);
    const configured = new Map(healthy.map((backend, index) => [`configured${index + 1}`, backend]));
    this.#addresses.claim(settings.address);
    await run('ip', ['address', 'replace', `${settings.address}/32`, 'dev', this.#session.bridge]);
    this.#started += 1;
    const base = join(this.#session.folder, `balancer-${this.#started}`);
    const name = contentHash([this.#session.id, rule.name]);
    const files: ConfigFiles = {
      ...{ status: `${base}.status`, notFound: `${base}.404` },
      ...{ unavailable: `${base}.502`, timeout: `${base}.504` },
    };
    await Promise.all([
      writeFile(`${base}.cfg`, haproxyConfig(settings, name, `${base}.sock`, files, configured)),
      writeFile(files.status, statusMap(rule)),
      writeFile(files.notFound, NOT_FOUND),
      writeFile(files.unavailable, UNAVAILABLE),
      writeFile(files.timeout, TIMED_OUT),
    ]);
    const haproxy = await startHaproxy(`${base}.cfg`, `${base}.sock`, present?.haproxy);
    await this.#session.addChild(haproxy.pid);
    const before = present ? [...present.before, present.haproxy] : [];
    const servers = new BalancerServers(haproxy, settings.check, configured);
    this.#balancers.set(rule.name, { settings, haproxy, before, servers, files });
    await servers.set(rule.backends);
    if (present && present.settings.address !== settings.address) await this.#leave(present.settings.address);
  }

  /** Nothing answers on the address any more, unless another rule has it, too. */
  async #leave(address: string): Promise<void> {
    if ([...this.#balancers.values()].some(({ settings }) => settings.address === address)) return;
    await run('ip', ['address', 'del', `${address}/32`, 'dev', this.#session.bridge]);
    this.#addresses.giveBack(address);
  }

  #inTurn(name: string, work: () => Promise<void>): Promise<void> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const running = before.catch(() => {}).then(work);
    this.#last.set(name, running);
    return running;
  }
}
