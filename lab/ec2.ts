import { Addresses } from './addresses.ts';
import { ElasticIps } from './elastic-ips.ts';
import { Instances, STATES } from './instances.ts';
import type { Moto } from './moto.ts';
import { type Answer, errorAnswer, Query } from './query.ts';
import { instanceItems, showInstances } from './show.ts';
import { Visibility } from './visibility.ts';
import type { Vms } from './vms.ts';
import { type Element, everyElement, parseXml, printXml, textOf } from './xml.ts';

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
  readonly #launches = new Map<string, { fingerprint: string; answer?: Promise<Answer> }>();
  readonly #publicKeys = new Map<string, string>();
  readonly #elastic: ElasticIps;
  #authorization = '';

  constructor(moto: Moto, vms: Vms) {
    this.#moto = moto;
    this.#vms = vms;
    this.#elastic = new ElasticIps(vms);
    this.instances = new Instances(vms, ({ id, onPowerOff }) => {
      const action = onPowerOff === 'terminate' ? 'TerminateInstances' : 'StopInstances';
      const query = new Query(`Action=${action}&InstanceId.1=${id}&Version=2016-11-15`);
      this.handle(query, this.#authorization).catch((error: unknown) => this.instances.problems.push(String(error)));
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

  /** A launch for which there was no capacity has used its token up: it is good for the same request only. */
  refused(query: Query, code: string): void {
    const token = query.action === 'RunInstances' && /^Insufficient\w*Capacity$/.test(code) && query.get('ClientToken');
    if (token) this.#launches.set(token, { fingerprint: query.fingerprint() });
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
    const address = query.action === 'ReleaseAddress' && this.#elastic.inUse(query.get('AllocationId') ?? '');
    if (address) return errorAnswer(400, 'InvalidIPAddress.InUse', `Address ${address} is in use.`);
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
    if (known?.answer) return known.answer;
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
    if (answer.status < 300 && query.get('DryRun') !== 'true') await this.#follow(query, parseXml(answer.body));
    return answer;
  }

  /** Does to the VMs what moto has just noted. */
  async #follow(query: Query, answer: Element): Promise<void> {
    const text = (name: string) => textOf(answer, name) ?? '';
    const param = (name: string) => query.get(name) ?? '';
    this.#visibility.noteNew(query, answer, this.behaviour.invisibleReads);
    const named = query.list('InstanceId').flatMap((id) => this.instances.get(id) ?? []);
    switch (query.action) {
      case 'ImportKeyPair': {
        const key = Buffer.from(param('PublicKeyMaterial'), 'base64').toString('utf8');
        this.#publicKeys.set(param('KeyName'), key.trim());
        break;
      }
      case 'RunInstances':
        for (const item of instanceItems(answer)) this.#launch(query, item);
        break;
      case 'TerminateInstances':
        await this.#freeAddresses(query.list('InstanceId'));
        for (const instance of named) this.instances.terminate(instance);
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
      case 'AllocateAddress':
        this.#addresses.add(text('publicIp'), this.#elastic.allocate(text('allocationId')));
        break;
      case 'AssociateAddress':
        await this.#elastic.associate(param('AllocationId'), param('InstanceId'), text('associationId'));
        break;
      case 'DisassociateAddress':
        await this.#elastic.disassociate(param('AssociationId'));
        break;
    }
  }

  #launch(query: Query, item: Element): void {
    const groups = [...everyElement(item)].flatMap((each) => (each.name === 'groupId' ? [each.text] : []));
    this.instances.launch({
      id: textOf(item, 'instanceId') ?? '',
      userData: Buffer.from(query.get('UserData') ?? '', 'base64').toString('utf8'),
      publicKey: this.#publicKeys.get(query.get('KeyName') ?? ''),
      groups,
      onPowerOff: query.get('InstanceInitiatedShutdownBehavior') === 'terminate' ? 'terminate' : 'stop',
    });
    this.#noteAddress(item);
  }

  /** moto gives an instance another public address when it starts again; in the lab it keeps its own. */
  #noteAddress(item: Element): void {
    const instance = this.instances.get(textOf(item, 'instanceId') ?? '');
    const address = textOf(item, 'ipAddress');
    if (instance && address && !this.#addresses.labOf(address)) this.#addresses.add(address, instance.address);
  }

  /** moto leaves an Elastic IP with an instance that is gone. */
  async #freeAddresses(instances: readonly string[]): Promise<void> {
    for (const association of this.#elastic.leave(instances)) {
      const request = `Action=DisassociateAddress&AssociationId=${association}&Version=2016-11-15`;
      await this.#moto.call(request, this.#authorization);
    }
  }

  #toClient(query: Query, { status, body }: Answer): Answer {
    if (status >= 300) return { status, body: this.#addresses.toClient(body) };
    const answer = parseXml(body);
    for (const item of instanceItems(answer)) this.#noteAddress(item);
    showInstances(query, answer, this.instances);
    this.#visibility.hide(query, answer);
    return { status, body: this.#addresses.toClient(printXml(answer)) };
  }
}

function consoleAnswer(id: string, text: string): Answer {
  const output = Buffer.from(text.slice(-65_536)).toString('base64');
  const inside = `<instanceId>${id}</instanceId><timestamp>${new Date().toISOString()}</timestamp><output>${output}</output>`;
  return { status: 200, body: `<GetConsoleOutputResponse>${inside}</GetConsoleOutputResponse>` };
}
