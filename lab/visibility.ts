import { type Answer, errorAnswer, type Query } from './query.ts';
import { type Element, everyElement, textOf } from './xml.ts';

/** Which calls make objects, and the element of the answer that has the object's id. */
const MAKES: Readonly<Record<string, string>> = {
  RunInstances: 'instanceId',
  CreateSecurityGroup: 'groupId',
  ImportKeyPair: 'keyName',
  CreateKeyPair: 'keyName',
  AllocateAddress: 'allocationId',
};

/** Which calls list objects, and the element of an item that has the object's id. */
const LISTS: Readonly<Record<string, string>> = {
  DescribeInstances: 'instanceId',
  DescribeSecurityGroups: 'groupId',
  DescribeKeyPairs: 'keyName',
  DescribeAddresses: 'allocationId',
};

const NOT_FOUND: Readonly<Record<string, readonly [code: string, what: string]>> = {
  instanceId: ['InvalidInstanceID.NotFound', 'The instance ID'],
  groupId: ['InvalidGroup.NotFound', 'The security group'],
  keyName: ['InvalidKeyPair.NotFound', 'The key pair'],
  allocationId: ['InvalidAllocationID.NotFound', 'The allocation ID'],
};

/** Eventual consistency: new objects that calls do not see yet. Counted in calls, so that tests need no clock. */
export class Visibility {
  readonly #hidden = new Map<string, { kind: string; reads: number }>();

  /** Hides what a call has just made from the next `reads` calls that look for it. */
  noteNew(query: Query, answer: Element, reads: number): void {
    const kind = MAKES[query.action];
    if (!kind || reads <= 0) return;
    for (const element of everyElement(answer)) {
      if (element.name !== kind) continue;
      const inGroupSet = query.action === 'RunInstances' && element.text.startsWith('sg-');
      if (!inGroupSet) this.#hidden.set(element.text, { kind, reads });
    }
  }

  /** The error for a call that names an object which it does not see yet. */
  notFound(query: Query): Answer | undefined {
    if (query.action in MAKES && query.action !== 'RunInstances') return undefined;
    for (const value of query.names()) {
      const hidden = this.#hidden.get(value);
      if (!hidden) continue;
      this.#look(value);
      const [code = '', what = ''] = NOT_FOUND[hidden.kind] ?? [];
      return errorAnswer(400, code, `${what} '${value}' does not exist`);
    }
    return undefined;
  }

  /** Takes objects out of a list that it does not have yet. */
  hide(query: Query, answer: Element): void {
    const kind = LISTS[query.action];
    if (!kind) return;
    for (const set of [...everyElement(answer)]) {
      const unseen = set.children.filter((item) => item.name === 'item' && this.#hidden.has(textOf(item, kind) ?? ''));
      set.children = set.children.filter((item) => !unseen.includes(item));
      for (const item of unseen) this.#look(textOf(item, kind) ?? '');
    }
  }

  #look(id: string): void {
    const hidden = this.#hidden.get(id);
    if (!hidden) return;
    hidden.reads -= 1;
    if (hidden.reads <= 0) this.#hidden.delete(id);
  }
}
