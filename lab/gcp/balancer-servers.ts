import type { Haproxy } from './haproxy.ts';
import { BACKEND, serverWords } from './haproxy-config.ts';
import type { Backend, BalancerRule, Traffic } from './machines.ts';

type Health = 'HEALTHY' | 'UNHEALTHY' | 'DRAINING';

/** haproxy's name for a backend: never used twice, as an instance may come back under its name. */
interface Server {
  readonly id: string;
  readonly backend: Backend;
  /** Whether haproxy has been told that it is healthy, so that it need not wait for the first check. */
  readonly known: boolean;
}

/** The servers of one running haproxy, changed through its runtime API. Requests under way notice nothing. */
export class BalancerServers {
  readonly #haproxy: Haproxy;
  readonly #check: BalancerRule['check'];
  readonly #servers = new Map<string, Server>();
  /** Out of service, and there until their last request has ended. */
  readonly #leaving = new Set<string>();
  #made = 0;

  /** @param configured what haproxy was started with, by its name for each */
  constructor(haproxy: Haproxy, check: BalancerRule['check'], configured: ReadonlyMap<string, Backend>) {
    this.#haproxy = haproxy;
    this.#check = check;
    for (const [id, backend] of configured) this.#servers.set(backend.name, { id, backend, known: true });
  }

  async set(backends: readonly Backend[]): Promise<void> {
    const wanted = new Map(backends.map((each) => [each.name, each]));
    for (const [name, { id, backend }] of this.#servers) {
      const next = wanted.get(name);
      if (next?.address === backend.address && next.port === backend.port) continue;
      await this.#haproxy.tell(`set server ${BACKEND}/${id} state maint`);
      this.#servers.delete(name);
      this.#leaving.add(id);
    }
    for (const backend of backends) {
      const known = this.#servers.get(backend.name);
      if (!known) await this.#add(backend);
      else if (known.backend.draining !== backend.draining) await this.#use({ ...known, backend });
    }
    await this.#forgetIdle();
  }

  /** Without those that have not been looked at yet. */
  async health(): Promise<Record<string, Health>> {
    const rows = parseCsv(await this.#haproxy.command(`show stat ${BACKEND} 4 -1`));
    const found: Record<string, Health> = {};
    for (const [name, { id, backend, known }] of this.#servers) {
      const row = rows.find((each) => each.svname === id);
      if (!row || (row.check_status === 'INI' && !known)) continue;
      const healthy = row.status?.startsWith('UP') || row.status === 'DRAIN';
      found[name] = backend.draining ? 'DRAINING' : healthy ? 'HEALTHY' : 'UNHEALTHY';
    }
    return found;
  }

  async traffic(): Promise<Record<string, Traffic>> {
    const rows = parseCsv(await this.#haproxy.command(`show stat ${BACKEND} 4 -1`));
    const of = (id: string): Traffic => {
      const row = rows.find((each) => each.svname === id);
      return { busy: Number(row?.scur ?? 0), total: Number(row?.stot ?? 0) };
    };
    return Object.fromEntries([...this.#servers].map(([name, { id }]) => [name, of(id)]));
  }

  async #add(backend: Backend): Promise<void> {
    this.#made += 1;
    // Not one of the names that the configuration has.
    const id = `added${this.#made}`;
    const server = `${BACKEND}/${id}`;
    const said = await this.#haproxy.command(`add server ${server} ${serverWords(backend, this.#check)}`);
    if (said !== 'New server registered.') throw new Error(`haproxy does not add ${backend.name}: ${said}`);
    await this.#haproxy.tell(`enable health ${server}`);
    // It would start as a healthy one, and Google's backends start as unhealthy ones.
    await this.#haproxy.tell(`set server ${server} state drain`);
    await this.#haproxy.tell(`set server ${server} health down`);
    await this.#use({ id, backend, known: false });
  }

  async #use(server: Server): Promise<void> {
    const { id, backend } = server;
    await this.#haproxy.tell(`set server ${BACKEND}/${id} state ${backend.draining ? 'drain' : 'ready'}`);
    this.#servers.set(backend.name, server);
  }

  /** haproxy refuses to remove one that has connections: it is tried again with the next change. */
  async #forgetIdle(): Promise<void> {
    for (const id of this.#leaving) {
      const said = await this.#haproxy.command(`del server ${BACKEND}/${id}`);
      if (said === 'Server deleted.') this.#leaving.delete(id);
    }
  }
}

/** haproxy's own form: a comment sign before the first name, no quotes. */
function parseCsv(csv: string): Record<string, string>[] {
  const [head = '', ...lines] = csv.replace(/^# /, '').split('\n');
  const names = head.split(',');
  return lines.map((line) => {
    const values = line.split(',');
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
  });
}
