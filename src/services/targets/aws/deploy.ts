import { remedy } from '../../../errors.ts';
import { applyPlan, observeAndPlan } from '../../stack/apply.ts';
import { once } from '../../stack/once.ts';
import { pollUntil } from '../../stack/poll.ts';
import type { Deployed, Links, Note, PlannedDeploy } from '../../stack/provider.ts';
import type { Desired, ResourceContext } from '../../stack/resource.ts';
import { stackOption } from '../../stack/stack-option.ts';
import type { TargetRecord } from '../../stack/state.ts';
import type { StepDeps } from '../../stack/steps.ts';
import { engineNote } from '../../workloads/machine-engine.ts';
import { expiryOf, neededOf, onlyService } from '../../workloads/request.ts';
import { ADDRESS } from './address.ts';
import { type AwsResources, awsResources, desiredAws, type Material } from './desired.ts';
import type { Ec2 } from './ec2.ts';
import { checkUserData, type LiveInstance } from './instance.ts';
import { INSTANCE } from './instance-state.ts';
import { findVpc, resolveLaunch } from './launch.ts';
import { costOf } from './prices.ts';
import { type AwsRequest, recordedRequest, serviceOn } from './request.ts';
import { accountOf, awsTarget } from './target.ts';

/** What planning takes beside an open stack. */
export interface AwsPlanDeps {
  readonly ec2: Ec2;
  /** `user@host`, for the tags. */
  readonly createdBy: string;
  /**
   * Keys and boot text of the stack.
   *
   * @param make whether missing ones may be made; without, empty ones stand for those that there are not yet
   */
  material(make: boolean): Promise<Material>;
  /** What comes on top of the VM: the host and the service. */
  extra?(resources: AwsResources, request: AwsRequest, make: boolean): Promise<readonly Desired[]>;
}

/** AWS has said "within a few minutes". */
const NEW_ADDRESS_SECONDS = 300;

/**
 * Looks at the AWS side of a stack and plans.
 *
 * @param make whether keys and token of the stack may be made: they are wanted for `apply`
 * @throws RemedyError: credentials, permission, region, type or image (3), quota or capacity (4), not ready (5)
 */
export async function planAws(
  asked: AwsRequest,
  steps: StepDeps,
  links: Pick<Links, 'known'>,
  { make }: { readonly make: boolean },
  { ec2, createdBy, ...deps }: AwsPlanDeps,
): Promise<PlannedDeploy> {
  const { context, journal } = steps;
  const { signal } = context;
  const { stack } = journal;
  const { region } = ec2;
  const { name, needs, port } = onlyService(asked).definition;
  refuseAnother(journal.target, name, stack);
  const [account, vpcId] = await Promise.all([
    accountOf(ec2, stack, journal.target, signal),
    findVpc(ec2, asked.subnetId, signal),
  ]);
  const request: AwsRequest = { ...asked, links: neededOf(links.known, needs), account };
  const { auth } = request;
  const material = await deps.material(make);
  checkUserData(material.userData);
  const expiresAt = expiryOf(request, context.clock.now());
  const launch = once(() => resolveLaunch(ec2, request, signal));
  const resources = awsResources(ec2, { stack, createdBy, expiresAt }, material, launch);
  const extra = (await deps.extra?.(resources, request, make)) ?? [];
  const desired = [...desiredAws(request, vpcId, material, resources), ...extra];
  const target = awsTarget(
    resources,
    extra.map(({ resource }) => resource),
  );
  const plan = await observeAndPlan(target, desired, journal, context);
  const does = (key: string, ...actions: readonly string[]) =>
    plan.changes.some((each) => each.key === key && actions.includes(each.action));
  const cost = costOf(request);
  const { perHour } = cost;
  const answer = (endpoints: Deployed['endpoints'], ends: string | undefined): Deployed => ({
    where: `in ${region}`,
    endpoints,
    expiresAt: ends,
    details: { region, cost },
  });
  const endpointsAt = (address: string | undefined): Deployed['endpoints'] =>
    address === undefined ? {} : { [name]: `http://${address}:${port}` };
  const describe = (address: string | undefined) =>
    journal.describe({ request, auth, endpoints: endpointsAt(address), complete: false });
  return {
    changes: plan.changes,
    notes: [
      // Type and image are looked for before anything is made: a typing error must not leave half a stack.
      ...(does(INSTANCE, 'create', 'replace') ? notesOf(await launch()) : []),
      ...cost.lines.map((text): Note => ({ level: 'info', text })),
      ...engineNote(request, recordedRequest(journal.target.request)),
      ...notesIf(request.public && `--public: everybody can use the service on port ${port}`),
    ],
    ...(perHour === undefined ? {} : { perHour: { min: perHour, max: perHour } }),
    request,
    auth,
    preview: answer(journal.target.endpoints, expiresAt),
    async apply() {
      const givenUp = does(ADDRESS, 'remove') ? journal.resource(ADDRESS)?.identity.address : undefined;
      try {
        await applyPlan(target, desired, plan, steps);
      } catch (error) {
        // Whoever looks into it wants to log in and to read logs.
        const address = resources.lastAddress();
        if (address !== undefined) await describe(address);
        throw error;
      }
      if (givenUp !== undefined) await describe(undefined);
      const vm = await withOwnAddress(resources.instance, givenUp, context);
      return answer(endpointsAt(vm?.publicIp), vm?.expiresAt);
    },
  };
}

/** A VM that gave up its Elastic IP gets an address of its own, some time after: nothing may be sent to the old one. */
function withOwnAddress(
  vm: AwsResources['instance'],
  givenUp: string | number | undefined,
  context: ResourceContext,
): Promise<LiveInstance | undefined> {
  return pollUntil<LiveInstance | undefined>(context, {
    key: INSTANCE,
    action: 'ready',
    deadlineSeconds: NEW_ADDRESS_SECONDS,
    async look() {
      const live = await vm.find(context);
      const { publicIp = givenUp } = live ?? {};
      if (givenUp === undefined || live === undefined || publicIp !== givenUp) return { done: live };
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
  const there = serviceOn(request);
  if (recordedRequest(request) === undefined || Object.keys(resources).length === 0 || there === name) return;
  throw remedy.configuration(
    'service-moved',
    `the VM of stack ${stack} runs service ${there.toUpperCase()}, and would be left with both`,
    [`take it down first: chainctl teardown aws${stackOption(stack)}`, 'or use another stack: --stack NAME'],
  );
}

function notesOf({ type, image }: Awaited<ReturnType<typeof resolveLaunch>>): Note[] {
  return [{ level: 'info', text: `${type.text}; image ${image.id} (${image.name})` }, ...notesIf(type.warning)];
}

const notesIf = (text: string | false | undefined): Note[] => (text ? [{ level: 'warn', text }] : []);
