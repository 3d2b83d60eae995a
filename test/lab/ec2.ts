import { Addresses } from './addresses.ts';
import { Instances, STATES, stateCode } from './instances.ts';
import type { Moto } from './moto.ts';
import { type Answer, errorAnswer, Query } from './query.ts';
import { Visibility } from './visibility.ts';
import type { Vms } from './vms.ts';
import { child, type Element, everyElement, parseXml, printXml, setText, textOf } from './xml.ts';

const USER_DATA_LIMIT = 16_384;

/** What the real service does and moto does not, where it can be set. */
export interface Behaviour {
  /** How often a new object is not found before it is: eventual consistency. */
  invisibleReads: number;
  /** How long a security group stays in use after its last instance has terminated, in milliseconds. */
  groupReleaseMs: number;
}

/**
 * EC2 for clients: moto, and what it lacks. Instances are played by VMs and their states follow them; a client token
 * makes a launch happen once; groups and addresses in use cannot be removed; limits of the real service apply.
 */
export class Ec2 {
  readonly behaviour: Behaviour = { invisibleReads: 0, groupReleaseMs: 0 };
  readonly instances: Instances;
  readonly #moto: Moto;
  readonly #vms: Vms;
  readonly #addresses = new Addresses();
  readonly #visibility = new Visibility();
  readonly #launches = new Map<string, { fingerprint: string; answer: Promise<Answer> }>();
  readonly #publicKeys = new Map<string, string>();
  /** By allocation: where an Elastic IP is, and the instance that has it. */
  readonly #elastic = new Map<string, { address: string; instance?: string; association?: string }>();
  #authorization = '';

  constructor(moto: Moto, vms: Vms) {
    this.#moto = moto;
    this.#vms = vms;
    this.instances = new Instances(vms, ({ id, onPowerOff }) => {
      const action = onPowerOff === 'terminate' ? 'TerminateInstances' : 'StopInstances';
      const query = new Query(`Action=${action}&InstanceId.1=${id}&Version=2016-11-15`);
      void this.handle(query, this.#authorization);
    });
  }

  /** Answers one call of a client. */
  async handle(query: Query, authorization: string): Promise<Answer> {
    this.#authorization = authorization;
    const refusal = this.#refusal(query) ?? this.#visibility.notFound(query);
    if (refusal) return refusal;
    if (query.action === 'GetConsoleOutput') {
      const vm = this.#vms.find(query.get('InstanceId') ?? '');
      if (vm) return consoleAnswer(query.get('InstanceId') ?? '', await vm.consoleOutput());
    }
    const answer = query.action === 'RunInstances' ? await this.#runOnce(query) : await this.#call(query);
    return this.#toClient(query, answer);
  }

  /** What the real service refuses and moto accepts. */
  #refusal(query: Query): Answer | undefined {
    if (query.action === 'RunInstances') {
      const size = Buffer.from(query.get('UserData') ?? '', 'base64').length;
      if (size > USER_DATA_LIMIT)
        return errorAnswer(400, 'InvalidParameterValue', `User data is limited to ${USER_DATA_LIMIT} bytes`);
    }
    const group = query.get('GroupId');
    if (query.action === 'DeleteSecurityGroup' && group) {
      if (this.instances.using(group, this.behaviour.groupReleaseMs).length > 0)
        return errorAnswer(400, 'DependencyViolation', `resource ${group} has a dependent object`);
    }
    const pending = query.action === 'AssociateAddress' && this.instances.get(query.get('InstanceId') ?? '');
    if (pending && pending.state !== 'running' && pending.state !== 'stopped') {
      const message = `The ${pending.state} instance '${pending.id}' is not in a valid state for this operation.`;
      return errorAnswer(400, 'InvalidInstanceID', message);
    }
    const address = this.#elastic.get(query.get('AllocationId') ?? '');
    if (query.action === 'ReleaseAddress' && address?.instance)
      return errorAnswer(400, 'InvalidIPAddress.InUse', `Address ${address.address} is in use.`);
    return undefined;
  }

  /** A repeated call with the same token gets the first one's instance, even while that is still being made. */
  async #runOnce(query: Query): Promise<Answer> {
    const token = query.get('ClientToken');
    if (!token) return this.#call(query);
    const fingerprint = query.fingerprint();
    const known = this.#launches.get(token);
    if (known && known.fingerprint !== fingerprint) {
      const message =
        'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).';
      return errorAnswer(400, 'IdempotentParameterMismatch', message);
    }
    if (known) return known.answer;
    const answer = this.#call(query);
    this.#launches.set(token, { fingerprint, answer });
    const { status } = await answer;
    if (status >= 300) this.#launches.delete(token);
    return answer;
  }

  async #call(query: Query): Promise<Answer> {
    // moto's states are not those that clients see: ask it for all, and leave out what does not fit afterwards.
    const forwarded = query.filter('instance-state-name')?.with(STATES) ?? query.text;
    const answer = await this.#moto.call(this.#addresses.toMoto(forwarded), this.#authorization);
    if (answer.status < 300 && query.get('DryRun') !== 'true') this.#follow(query, parseXml(answer.body));
    return answer;
  }

  /** Does to the VMs what moto has just noted. */
  #follow(query: Query, answer: Element): void {
    this.#visibility.noteNew(query, answer, this.behaviour.invisibleReads);
    const named = query.list('InstanceId').flatMap((id) => this.instances.get(id) ?? []);
    switch (query.action) {
      case 'ImportKeyPair': {
        const key = Buffer.from(query.get('PublicKeyMaterial') ?? '', 'base64').toString('utf8');
        this.#publicKeys.set(query.get('KeyName') ?? '', key.trim());
        break;
      }
      case 'RunInstances':
        for (const item of instanceItems(answer)) this.#launch(query, item);
        break;
      case 'TerminateInstances':
        for (const instance of named) this.instances.terminate(instance);
        void this.#freeAddresses(query.list('InstanceId'));
        break;
      case 'StopInstances':
        for (const instance of named) this.instances.stop(instance);
        break;
      case 'StartInstances':
        for (const instance of named) this.instances.start(instance);
        break;
      case 'RebootInstances':
        for (const instance of named) this.instances.reboot(instance);
        break;
      case 'AllocateAddress': {
        const address = this.#vms.newElasticAddress();
        this.#addresses.add(textOf(answer, 'publicIp') ?? '', address);
        this.#elastic.set(textOf(answer, 'allocationId') ?? '', { address });
        break;
      }
      case 'AssociateAddress':
        void this.#associate(query, textOf(answer, 'associationId'));
        break;
      case 'DisassociateAddress':
        void this.#disassociate(({ association }) => association === query.get('AssociationId'));
        break;
    }
  }

  #launch(query: Query, item: Element): void {
    const groups = [...everyElement(item)].flatMap((each) => (each.name === 'groupId' ? [each.text] : []));
    const instance = this.instances.launch({
      id: textOf(item, 'instanceId') ?? '',
      userData: Buffer.from(query.get('UserData') ?? '', 'base64').toString('utf8'),
      publicKey: this.#publicKeys.get(query.get('KeyName') ?? ''),
      groups,
      onPowerOff: query.get('InstanceInitiatedShutdownBehavior') === 'terminate' ? 'terminate' : 'stop',
    });
    const address = textOf(item, 'ipAddress');
    if (address) this.#addresses.add(address, instance.address);
  }

  async #associate(query: Query, association: string | undefined): Promise<void> {
    const id = query.get('AllocationId') ?? '';
    const elastic = this.#elastic.get(id);
    const instance = query.get('InstanceId');
    if (!elastic || !instance) return;
    await this.#disassociate((each) => each === elastic && each.instance !== instance);
    this.#elastic.set(id, { address: elastic.address, instance, ...(association ? { association } : {}) });
    await this.#vms.find(instance)?.addAlias(elastic.address);
  }

  async #disassociate(matches: (elastic: { association?: string; instance?: string }) => boolean): Promise<void> {
    for (const [id, elastic] of this.#elastic) {
      if (!elastic.instance || !matches(elastic)) continue;
      this.#elastic.set(id, { address: elastic.address });
      await this.#vms.find(elastic.instance)?.removeAlias(elastic.address);
    }
  }

  /** An Elastic IP does not stay with an instance that goes; moto would keep it there. */
  async #freeAddresses(instances: readonly string[]): Promise<void> {
    for (const [id, { address, instance, association }] of this.#elastic) {
      if (!instance || !instances.includes(instance)) continue;
      this.#elastic.set(id, { address });
      const request = `Action=DisassociateAddress&AssociationId=${association}&Version=2016-11-15`;
      await this.#moto.call(request, this.#authorization);
    }
  }

  #toClient(query: Query, { status, body }: Answer): Answer {
    if (status >= 300) return { status, body: this.#addresses.toClient(body) };
    const answer = parseXml(body);
    for (const element of everyElement(answer)) {
      this.#showState(element);
      showImageDate(element);
    }
    this.#visibility.hide(query, answer);
    const wanted = query.filter('instance-state-name')?.values;
    const shown = (item: Element) => {
      const state = child(item, 'instanceState');
      if (!state) return true;
      const name = textOf(state, 'name') ?? '';
      if (query.action === 'DescribeInstanceStatus' && query.get('IncludeAllInstances') !== 'true')
        return name === 'running';
      return !wanted || wanted.includes(name);
    };
    keepItems(answer, shown);
    return { status, body: this.#addresses.toClient(printXml(answer)) };
  }

  #showState(element: Element): void {
    const instance = this.instances.get(textOf(element, 'instanceId') ?? '');
    if (!instance) return;
    for (const name of ['instanceState', 'currentState']) {
      const state = child(element, name);
      if (!state) continue;
      setText(state, 'code', stateCode(instance.state));
      setText(state, 'name', instance.state);
    }
    for (const name of ['systemStatus', 'instanceStatus']) {
      const check = child(element, name);
      if (check && !instance.ok) setText(check, 'status', 'initializing');
    }
  }
}

function instanceItems(answer: Element): Element[] {
  return [...everyElement(answer)].filter((each) => each.name === 'item' && child(each, 'instanceState'));
}

/** Takes items out of sets, and reservations that are empty afterwards. */
function keepItems(element: Element, shown: (item: Element) => boolean): void {
  for (const each of element.children) keepItems(each, shown);
  element.children = element.children.filter((each) => {
    if (each.name !== 'item') return true;
    const instances = child(each, 'instancesSet');
    return instances ? instances.children.length > 0 : shown(each);
  });
}

function consoleAnswer(id: string, text: string): Answer {
  const output = Buffer.from(text.slice(-65_536)).toString('base64');
  const inside = `<instanceId>${id}</instanceId><timestamp>${new Date().toISOString()}</timestamp><output>${output}</output>`;
  return { status: 200, body: `<GetConsoleOutputResponse>${inside}</GetConsoleOutputResponse>` };
}

/** moto has made all images just now; a client that looks for the newest goes by the date in the name. */
function showImageDate(element: Element): void {
  const [, year, month, day] = /-server-(\d{4})(\d\d)(\d\d)$/.exec(textOf(element, 'name') ?? '') ?? [];
  if (year) setText(element, 'creationDate', `${year}-${month}-${day}T00:00:00.000Z`);
}
