import type { Vms } from './vms.ts';

interface ElasticIp {
  readonly address: string;
  readonly instance?: string;
  readonly association?: string;
}

/** Elastic IPs by allocation: which address each is in the lab, and which instance answers on it. */
export class ElasticIps {
  readonly #vms: Vms;
  readonly #all = new Map<string, ElasticIp>();

  constructor(vms: Vms) {
    this.#vms = vms;
  }

  /** @returns the lab's address for it */
  allocate(allocation: string): string {
    const address = this.#vms.newElasticAddress();
    this.#all.set(allocation, { address });
    return address;
  }

  /** The address, while an instance has it. */
  inUse(allocation: string): string | undefined {
    const elastic = this.#all.get(allocation);
    return elastic?.instance && elastic.address;
  }

  async associate(allocation: string, instance: string, association: string): Promise<void> {
    const elastic = this.#all.get(allocation);
    if (!elastic) return;
    if (elastic.instance !== instance) await this.#free(allocation);
    this.#all.set(allocation, { address: elastic.address, instance, association });
    await this.#vms.find(instance)?.addAlias(elastic.address);
  }

  async disassociate(association: string): Promise<void> {
    for (const [allocation, each] of this.#all) if (each.association === association) await this.#free(allocation);
  }

  /** Takes them from instances that go. @returns the associations that there were */
  leave(instances: readonly string[]): string[] {
    const ended: string[] = [];
    for (const [allocation, { address, instance, association }] of this.#all) {
      if (!instance || !instances.includes(instance)) continue;
      this.#all.set(allocation, { address });
      if (association) ended.push(association);
    }
    return ended;
  }

  async #free(allocation: string): Promise<void> {
    const elastic = this.#all.get(allocation);
    if (!elastic?.instance) return;
    this.#all.set(allocation, { address: elastic.address });
    await this.#vms.find(elastic.instance)?.removeAlias(elastic.address);
  }
}
