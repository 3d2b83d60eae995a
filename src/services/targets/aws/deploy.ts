import { remedy } from '../../../errors.ts';
import { applyPlan, observeAndPlan } from '../../stack/apply.ts';
import type { PlannedChange } from '../../stack/change.ts';
import { pollUntil } from '../../stack/poll.ts';
import type { Deployed, Links, Note, PlannedDeploy } from '../../stack/provider.ts';
import type { Desired, ResourceContext } from '../../stack/resource.ts';
import { stackOption } from '../../stack/stack-option.ts';
import type { TargetRecord } from '../../stack/state.ts';
import type { StepDeps } from '../../stack/steps.ts';
import { neededOf, onlyService } from '../../workloads/request.ts';
import { ADDRESS } from './address.ts';
import { parseImage } from './ami.ts';
import { type AwsResources, awsResources, desiredAws, type Material } from './desired.ts';
import type { Ec2 } from './ec2.ts';
import { refuseElsewhere } from './guards.ts';
import { checkUserData, type LiveInstance } from './instance.ts';
import { INSTANCE } from './instance-state.ts';
import { gpuWarning } from './instance-types.ts';
import { findAccount, findVpc, type Launch, resolveLaunch } from './launch.ts';
import { costOf } from './prices.ts';
import { type AwsRequest, recordedRequest, serviceOn } from './request.ts';
import { awsTarget } from './target.ts';

/** What planning takes beside an open stack. */
export interface AwsPlanDeps {
  readonly ec2: Ec2;
  /** `user@host`, for the tags. */
  readonly createdBy: string;
  /**
   * Keys and boot text of the stack.
   *
   * @param make whether missing ones may be made; without, undefined says that there are none yet
   */
  material(make: boolean): Promise<Material | undefined>;
  /** What comes on top of the VM: the host and the service. */
  extra?(resources: AwsResources, request: AwsRequest, token: string | undefined): readonly Desired[];
  /** The stack's token; made when `make` and it is missing. */
  token?(make: boolean): Promise<string | undefined>;
}

/** AWS has said "within a few minutes". */
const NEW_ADDRESS_SECONDS = 300;

const NO_MATERIAL: Material = { publicKey: '', userData: '', bootHash: '' };

/**
 * Looks at the AWS side of a stack and plans.
 *
 * @param make whether keys and token of the stack may be made: they are wanted for `apply`
 * @throws RemedyError: credentials, permission, region, type or image (3), quota or capacity (4), not ready (5)
 */
export async function planAws(
  asked: AwsRequest,
  { context, ...others }: StepDeps,
  links: Pick<Links, 'known'>,
  { make }: { readonly make: boolean },
  deps: AwsPlanDeps,
): Promise<PlannedDeploy> {
  const { ec2 } = deps;
  const { journal } = others;
  const { signal } = context;
  const stack = journal.stack;
  const { name, needs, port } = onlyService(asked).definition;
  const request: AwsRequest = { ...asked, links: neededOf(links.known, needs) };
  refuseAnother(journal.target, name, stack);
  const [account, vpcId] = await Promise.all([findAccount(ec2, signal), findVpc(ec2, request.subnetId, signal)]);
  refuseElsewhere(journal.target, { stack, region: ec2.region, account });
  const material = (await deps.material(make)) ?? NO_MATERIAL;
  checkUserData(material.userData);
  const expiresAt = expiryOf(request, context.clock.now());
  const launch = once((abort: AbortSignal) =>
    resolveLaunch(ec2, { ...request, image: parseImage(request.image) }, abort),
  );
  const owner = { stack, createdBy: deps.createdBy, expiresAt };
  const { resources, addressSeen } = watched(awsResources(ec2, owner, { material: () => material, launch }));
  const token = request.auth === 'token' ? await deps.token?.(make) : undefined;
  const extra = deps.extra?.(resources, request, token) ?? [];
  const desired = [...desiredAws(request, vpcId, material, resources), ...extra];
  const target = awsTarget(
    resources,
    extra.map(({ resource }) => resource),
  );
  const plan = await observeAndPlan(target, desired, journal, context);
  const cost = costOf(request);
  const { perHour } = cost;
  const recorded = { ...request, ...(account === undefined ? {} : { account }) };
  const answer = (endpoints: Deployed['endpoints'], ends: string | undefined): Deployed => ({
    where: `in ${ec2.region}`,
    endpoints,
    expiresAt: ends,
    details: { region: ec2.region, cost },
  });
  const endpointsAt = (address: string | undefined): Deployed['endpoints'] =>
    address === undefined ? {} : { [name]: `http://${address}:${port}` };
  const { auth } = request;
  const describe = (endpoints: Deployed['endpoints']) =>
    journal.describe({ request: recorded, endpoints, auth, complete: false });
  return {
    changes: plan.changes,
    notes: [
      ...(makesVm(plan.changes) ? notesOf(await launch(signal)) : []),
      ...cost.lines.map((text): Note => ({ level: 'info', text })),
      ...openness(request, port),
    ],
    ...(perHour === undefined ? {} : { perHour: { min: perHour, max: perHour } }),
    request: recorded,
    auth,
    preview: answer(journal.target.endpoints, expiresAt),
    async apply() {
      const givenUp = plan.changes.some(({ key, action }) => key === ADDRESS && action === 'remove')
        ? journal.resource(ADDRESS)?.identity.address
        : undefined;
      try {
        await applyPlan(target, desired, plan, { context, ...others });
      } catch (error) {
        // Whoever looks into it wants to log in and to read logs.
        const address = addressSeen();
        if (address !== undefined) await describe(endpointsAt(address));
        throw error;
      }
      if (givenUp !== undefined) await describe(endpointsAt(undefined));
      const vm = await (givenUp === undefined
        ? resources.instance.find(context)
        : withOwnAddress(resources.instance, String(givenUp), context));
      return answer(endpointsAt(vm?.publicIp), vm?.expiresAt);
    },
  };
}

/** A VM that gave up its Elastic IP gets an address of its own, some time after: nothing may be sent to the old one. */
function withOwnAddress(
  vm: AwsResources['instance'],
  givenUp: string,
  context: ResourceContext,
): Promise<LiveInstance | undefined> {
  return pollUntil<LiveInstance | undefined>(context, {
    key: INSTANCE,
    action: 'ready',
    deadlineSeconds: NEW_ADDRESS_SECONDS,
    async look() {
      const live = await vm.find(context);
      const { publicIp } = live ?? {};
      if (live === undefined || (publicIp !== undefined && publicIp !== givenUp)) return { done: live };
      return { reason: `waiting for its address in the place of ${givenUp}` };
    },
    late: () =>
      remedy.unhealthy('not-ready', `the VM has no address of its own since its Elastic IP ${givenUp} was released`, [
        'run the same command again',
        'or give it an Elastic IP again: --elastic-ip',
      ]),
  });
}

/**
 * A VM is made for one service, and its keys are.
 *
 * @throws RemedyError (exit 3) when it runs another one
 */
function refuseAnother({ request, resources }: TargetRecord, name: string, stack: string): void {
  const there = serviceOn(request ?? undefined);
  if (recordedRequest(request) === undefined || Object.keys(resources).length === 0 || there === name) return;
  throw remedy.configuration(
    'service-moved',
    `the VM of stack ${stack} runs service ${there.toUpperCase()}, and would be left with both`,
    [`take it down first: chainctl teardown aws${stackOption(stack)}`, 'or use another stack: --stack NAME'],
  );
}

/** What of it will be open. */
function openness({ public: open }: AwsRequest, port: number): Note[] {
  const text = `--public: everybody can use the service on port ${port}`;
  return open ? [{ level: 'warn', text }] : [];
}

/** The resources, and the last address at which a VM was seen. */
function watched(resources: AwsResources) {
  let seen: string | undefined;
  const publicAddress: AwsResources['publicAddress'] = async (context) => {
    seen = await resources.publicAddress(context);
    return seen;
  };
  return { resources: { ...resources, publicAddress }, addressSeen: () => seen };
}

function expiryOf({ ttlSeconds }: AwsRequest, now: number): string | undefined {
  return ttlSeconds === undefined ? undefined : new Date(now + ttlSeconds * 1000).toISOString();
}

function makesVm(changes: readonly PlannedChange[]): boolean {
  return changes.some(({ key, action }) => key === INSTANCE && (action === 'create' || action === 'replace'));
}

/** Type and image are looked for before anything is made: a typing error must not leave half a stack. */
function notesOf({ type, image }: Launch): Note[] {
  const text = `${type.name}: ${type.vcpus} vCPUs, ${type.memoryGb} GB, ${type.architecture}; image ${image.id} (${image.name})`;
  const warning = gpuWarning(type);
  return [{ level: 'info', text }, ...(warning === undefined ? [] : [{ level: 'warn', text: warning } as const])];
}

function once<T>(work: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let result: Promise<T> | undefined;
  return (signal) => {
    result ??= work(signal);
    return result;
  };
}
