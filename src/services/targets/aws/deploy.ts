import { ExitCode, RemedyError } from '../../../errors.ts';
import { applyPlan, observeAndPlan } from '../../stack/apply.ts';
import type { PlannedChange } from '../../stack/change.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { changesSomething, type PlannedDeploy } from '../../stack/planned.ts';
import { pollUntil } from '../../stack/poll.ts';
import type { Desired, ResourceContext } from '../../stack/resource.ts';
import { type StackDeps, withStack } from '../../stack/session.ts';
import type { StepDeps } from '../../stack/steps.ts';
import { ADDRESS } from './address.ts';
import { parseImage } from './ami.ts';
import { type AwsResources, awsResources, desiredAws, type Material, SERVICE_PORT } from './desired.ts';
import type { Ec2 } from './ec2.ts';
import { refuseElsewhere } from './guards.ts';
import { checkUserData, type LiveInstance } from './instance.ts';
import { INSTANCE } from './instance-state.ts';
import { gpuWarning } from './instance-types.ts';
import { findAccount, findVpc, type Launch, resolveLaunch } from './launch.ts';
import { type Cost, costOf } from './prices.ts';
import type { AwsRequest } from './request.ts';
import { awsTarget } from './target.ts';

export interface AwsDeployment {
  readonly stack: string;
  readonly target: 'aws';
  readonly region: string;
  readonly changes: readonly PlannedChange[];
  readonly applied: boolean;
  readonly cost: Cost;
  /** When the VM ends itself: counted from when it was made; in a dry run, from now. */
  readonly expiresAt?: string | undefined;
  readonly endpoints: { readonly a?: string | undefined; readonly b: string };
}

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
  extra?(resources: AwsResources, token: string | undefined): readonly Desired[];
  /** The stack's token; made when `make` and it is missing. */
  token?(make: boolean): Promise<string | undefined>;
}

export interface AwsDeps extends StackDeps, AwsPlanDeps {
  /** Asked before the first change, after the cost was told as notes; throws to leave everything as it is. */
  confirm?(changes: readonly PlannedChange[]): Promise<void>;
}

/** AWS has said "within a few minutes". */
const NEW_ADDRESS_SECONDS = 300;

const NO_MATERIAL: Material = { publicKey: '', userData: '', bootHash: '' };

/**
 * Brings the AWS side of a stack up, or changes what differs from the request.
 *
 * @param dryRun stop after the plan
 * @throws RemedyError: credentials, permission, region, type or image (3), quota or capacity (4), not ready (5), locked (6)
 */
export async function deployAws(
  paths: StackPaths,
  request: AwsRequest,
  { dryRun }: { readonly dryRun: boolean },
  deps: AwsDeps,
): Promise<AwsDeployment> {
  return withStack(paths, 'aws', deps, async (steps) => {
    const planned = await planAws(paths, request, { make: !dryRun, tell: true }, steps, deps);
    if (dryRun) return planned.preview;
    if (changesSomething(planned)) await deps.confirm?.(planned.changes);
    return planned.apply();
  });
}

/**
 * Looks at the AWS side of a stack and plans.
 *
 * @param make whether keys and token of the stack may be made: they are wanted for `apply`
 * @param tell whether plan, cost and what will be public are told as events
 * @throws RemedyError as `deployAws` does
 */
export async function planAws(
  paths: StackPaths,
  request: AwsRequest,
  { make, tell }: { readonly make: boolean; readonly tell: boolean },
  steps: StepDeps,
  deps: AwsPlanDeps,
): Promise<PlannedDeploy<AwsDeployment>> {
  const { ec2 } = deps;
  const { context, journal } = steps;
  const { signal } = context;
  const [account, vpcId] = await Promise.all([findAccount(ec2, signal), findVpc(ec2, request.subnetId, signal)]);
  refuseElsewhere(journal.target, { region: ec2.region, account });
  const material = (await deps.material(make)) ?? NO_MATERIAL;
  checkUserData(material.userData);
  const expiresAt = expiryOf(request, context.clock.now());
  const launch = once((abort: AbortSignal) =>
    resolveLaunch(ec2, { ...request, image: parseImage(request.image) }, abort),
  );
  const owner = { stack: paths.name, createdBy: deps.createdBy, expiresAt };
  const { resources, addressSeen } = watched(awsResources(ec2, owner, { material: () => material, launch }));
  const token = request.auth === 'token' ? await deps.token?.(make) : undefined;
  const extra = deps.extra?.(resources, token) ?? [];
  const desired = [...desiredAws(request, vpcId, material, resources), ...extra];
  const target = awsTarget(
    resources,
    extra.map(({ resource }) => resource),
  );
  const plan = await observeAndPlan(target, desired, journal, context);
  if (tell) context.emit({ type: 'plan', changes: plan.changes });
  const cost = costOf(request);
  if (tell && makesVm(plan.changes)) await checkLaunch(launch, context);
  if (tell) sayWhatItMeans(request, cost, context.emit);
  const result = { stack: paths.name, target: 'aws' as const, region: ec2.region, changes: plan.changes, cost };
  const recorded = { ...request, ...(account === undefined ? {} : { account }) };
  const describe = (endpoints: AwsDeployment['endpoints'], complete: boolean) =>
    journal.describe({
      request: recorded,
      endpoints: endpoints as Record<string, string>,
      auth: request.auth,
      complete,
    });
  const known = { ...journal.target.endpoints, b: request.bUrl };
  return {
    changes: plan.changes,
    preview: { ...result, expiresAt, applied: false, endpoints: known },
    async apply() {
      await describe(known, false);
      const givenUp = plan.changes.some(({ key, action }) => key === ADDRESS && action === 'remove')
        ? journal.resource(ADDRESS)?.identity.address
        : undefined;
      try {
        await applyPlan(target, desired, plan, steps);
      } catch (error) {
        // Whoever looks into it wants to log in and to read logs.
        const address = addressSeen();
        if (address !== undefined) await describe(endpointsAt(address, request), false);
        throw error;
      }
      if (givenUp !== undefined) await describe(endpointsAt(undefined, request), false);
      const vm = await (givenUp === undefined
        ? resources.instance.find(context)
        : withOwnAddress(resources.instance, String(givenUp), context));
      const endpoints = endpointsAt(vm?.publicIp, request);
      await describe(endpoints, true);
      return { ...result, expiresAt: vm?.expiresAt, applied: true, endpoints };
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
      new RemedyError(`the VM has no address of its own since its Elastic IP ${givenUp} was released`, {
        code: 'not-ready',
        exit: ExitCode.unhealthy,
        nextSteps: ['run the same command again', 'or give it an Elastic IP again: --elastic-ip'],
      }),
  });
}

function endpointsAt(address: string | undefined, { bUrl }: AwsRequest): AwsDeployment['endpoints'] {
  return { b: bUrl, ...(address === undefined ? {} : { a: `http://${address}:${SERVICE_PORT}` }) };
}

/** Says what it will cost, and what of it will be open. */
function sayWhatItMeans(request: AwsRequest, cost: Cost, emit: StackDeps['emit']): void {
  for (const text of cost.lines) emit({ type: 'note', level: 'info', text });
  if (!request.public) return;
  emit({ type: 'note', level: 'warn', text: `--public: everybody can use service A on port ${SERVICE_PORT}` });
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
async function checkLaunch(
  launch: (signal: AbortSignal) => Promise<Launch>,
  { signal, emit }: { readonly signal: AbortSignal; readonly emit: StackDeps['emit'] },
): Promise<void> {
  const { type, image } = await launch(signal);
  const text = `${type.name}: ${type.vcpus} vCPUs, ${type.memoryGb} GB, ${type.architecture}; image ${image.id} (${image.name})`;
  emit({ type: 'note', level: 'info', text });
  const warning = gpuWarning(type);
  if (warning !== undefined) emit({ type: 'note', level: 'warn', text: warning });
}

function once<T>(work: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let result: Promise<T> | undefined;
  return (signal) => {
    result ??= work(signal);
    return result;
  };
}
