import { createHash } from 'node:crypto';
import { type RemedyError, remedy } from '../../../errors.ts';
import { pollUntil } from '../../stack/poll.ts';
import { NotMade, type Resource, type ResourceContext } from '../../stack/resource.ts';
import type { Ec2, Input, Instance } from './ec2.ts';
import { isAws, isRefused, unless } from './errors.ts';
import { describeInstances, findById, INSTANCE, settle, waitUntilRunning } from './instance-state.ts';
import { KEY_PAIR } from './key-pair.ts';
import type { Launch } from './launch.ts';
import { eventually, FIREWALL } from './security-group.ts';
import {
  EXPIRES_TAG,
  type FollowsReplacement,
  type Ownership,
  objectName,
  readTags,
  SPEC_TAG,
  stackFilters,
  tagsOf,
} from './tags.ts';

/** What a VM is made from; a change of any of it is another VM. */
export interface InstanceSpec {
  readonly type: string;
  /** What was asked for, not what it resolved to: a newer image of the same name is no reason to replace a VM. */
  readonly image: string;
  readonly diskGb: number;
  readonly subnetId?: string | undefined;
  /** Hash of the user-data; the text itself holds a private host key and stays out of the state. */
  readonly userDataHash: string;
}

export interface LiveInstance {
  readonly id: string;
  readonly state: string;
  readonly type: string;
  readonly specHash: string;
  readonly launchedAt: string;
  readonly publicIp?: string | undefined;
  /** When its dead man's switch goes off, as it was when it was made. */
  readonly expiresAt?: string | undefined;
  /** More VMs with this key: what an answer that was lost together with the state file can leave. */
  readonly surplus: readonly string[];
}

export interface InstanceDeps {
  /** What the region has for this VM; asked for only when one has to be made. */
  launch(signal: AbortSignal): Promise<Launch>;
  /** Id of the security group. */
  firewallId(context: ResourceContext): Promise<string>;
  /** Cloud-init text for the first boot. */
  userData(): string;
}

const ALIVE = ['pending', 'running', 'stopping', 'stopped'];
const STILL = ['pending', 'running'];
const GONE_SECONDS = 600;
/** EC2 takes 16 KB of user-data, counted before base64. */
const USER_DATA_BYTES = 16 * 1024;
/** A token whose VM has ended already is followed by this many others. */
const TOKEN_ATTEMPTS = 4;

function specHash({ type, image, diskGb, subnetId, userDataHash }: InstanceSpec): string {
  return hashOf(JSON.stringify([type, image, diskGb, subnetId ?? '', userDataHash]));
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** @throws RemedyError (exit 2) when EC2 would not take it */
export function checkUserData(text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= USER_DATA_BYTES) return;
  throw remedy.usage('user-data-size', `the VM's user-data has ${bytes} bytes, EC2 takes at most ${USER_DATA_BYTES}`, [
    'shorten what is added to the boot, and push it over SSH instead',
  ]);
}

/** The VM. Found by its tags while it is pending, running, stopping or stopped; one that has ended does not count. */
export function instance(
  ec2: Ec2,
  owner: Ownership,
  deps: InstanceDeps,
): Resource<InstanceSpec, LiveInstance> & FollowsReplacement {
  const list = async (context: ResourceContext, states: readonly string[]): Promise<Instance[]> => {
    const Filters = [...stackFilters(owner.stack, INSTANCE), { Name: 'instance-state-name', Values: [...states] }];
    return describeInstances(ec2, context, { Filters });
  };
  const find = async (context: ResourceContext) => chooseInstance(await list(context, ALIVE));
  const terminate = async (context: ResourceContext, ids: readonly string[]) => {
    for (const id of ids) {
      await ec2
        .call('TerminateInstances', { InstanceIds: [id] }, context.signal)
        .catch(unless('InvalidInstanceID.NotFound'));
    }
  };

  return {
    key: INSTANCE,
    dependsOn: [KEY_PAIR, FIREWALL],
    find,
    diff(spec, live) {
      if (live.specHash !== specHash(spec) || live.type !== spec.type) return 'replace';
      return live.surplus.length > 0 || live.state.startsWith('stop') ? 'update' : 'same';
    },

    // Who may log in stands in the user-data: the key pair counts at the first boot only.
    whenReplaced: (dependency) => (dependency === KEY_PAIR ? 'same' : 'replace'),

    async create(context, spec, token) {
      const userData = deps.userData();
      checkUserData(userData);
      const { image } = await deps.launch(context.signal);
      const firewallId = await deps.firewallId(context);
      const input: Input<'RunInstances'> = {
        ImageId: image.id,
        InstanceType: spec.type as never,
        MinCount: 1,
        MaxCount: 1,
        KeyName: objectName(owner.stack, KEY_PAIR),
        NetworkInterfaces: [
          {
            DeviceIndex: 0,
            Groups: [firewallId],
            AssociatePublicIpAddress: true,
            DeleteOnTermination: true,
            ...(spec.subnetId === undefined ? {} : { SubnetId: spec.subnetId }),
          },
        ],
        BlockDeviceMappings: [
          {
            DeviceName: image.rootDevice,
            Ebs: { VolumeSize: spec.diskGb, VolumeType: 'gp3', Encrypted: true, DeleteOnTermination: true },
          },
        ],
        // A container on the VM is one hop further away: it cannot read the machine's metadata.
        MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1, HttpEndpoint: 'enabled' },
        // The dead man's switch is a shutdown from inside: it has to end the bill, not only the machine.
        InstanceInitiatedShutdownBehavior: 'terminate',
        UserData: Buffer.from(userData).toString('base64'),
        TagSpecifications: (['instance', 'volume'] as const).map((ResourceType) => ({
          ResourceType,
          Tags: tagsOf(owner, INSTANCE, token, specHash(spec)),
        })),
      };
      const ours = async () => {
        const found = await find(context);
        return found === undefined || !STILL.includes(found.state) ? undefined : found;
      };
      const { live, wanted } = await runOnce(ec2, context, input, { token, ours });
      if (wanted || live.specHash === specHash(spec)) return live;
      throw changedInBetween();
    },

    async update(context, _spec, live) {
      if (live.surplus.length > 0) {
        const text = `more than one VM carries the tags of ${owner.stack}/${INSTANCE}: keeping ${live.id}, ending ${live.surplus.join(', ')}`;
        context.emit({ type: 'note', level: 'warn', text });
        await terminate(context, live.surplus);
      }
      if (live.state === 'stopping') await settle(ec2, context, live.id);
      if (live.state.startsWith('stop')) {
        await ec2.call('StartInstances', { InstanceIds: [live.id] }, context.signal);
      }
      return { ...live, state: 'pending', surplus: [] };
    },

    async ready(context, live) {
      await waitUntilRunning(ec2, context, live.id);
    },

    async remove(context, live) {
      const found = await list(context, [...ALIVE, 'shutting-down']);
      const ids = [...new Set([live.id, ...found.map(({ InstanceId = '' }) => InstanceId)])];
      await terminate(context, ids);
      await pollUntil(context, {
        key: INSTANCE,
        action: 'remove',
        deadlineSeconds: GONE_SECONDS,
        async look() {
          const left = (await Promise.all(ids.map((id) => findById(ec2, context, id)))).find(
            (each) => each !== undefined && each.State?.Name !== 'terminated',
          );
          return left === undefined ? { done: true } : { reason: `${left.InstanceId} is ${left.State?.Name}` };
        },
        late: (reason) =>
          remedy.leftovers('aws-not-gone', `the VM did not end within ${GONE_SECONDS / 60} minutes: ${reason}`, [
            'run "chainctl teardown aws" again',
            'see it in the EC2 console',
          ]),
      });
    },

    identify: ({ id, type }) => ({ id, type }),
  };
}

/**
 * The one VM that counts: a running or pending one before a stopped one, then the oldest, so that every run decides
 * alike. The others are its surplus.
 */
export function chooseInstance(instances: readonly Instance[]): LiveInstance | undefined {
  const rank = ({ State }: Instance) => (State?.Name === 'running' || State?.Name === 'pending' ? 0 : 1);
  const launched = ({ LaunchTime }: Instance) => LaunchTime?.toISOString() ?? '';
  const [first, ...others] = [...instances].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      launched(a).localeCompare(launched(b)) ||
      (a.InstanceId ?? '').localeCompare(b.InstanceId ?? ''),
  );
  if (first === undefined) return undefined;
  const tags = readTags(first.Tags);
  return {
    id: first.InstanceId ?? '',
    state: first.State?.Name ?? 'pending',
    type: first.InstanceType ?? '',
    specHash: tags.get(SPEC_TAG) ?? '',
    expiresAt: tags.get(EXPIRES_TAG),
    launchedAt: launched(first),
    publicIp: first.PublicIpAddress || undefined,
    surplus: others.map(({ InstanceId = '' }) => InstanceId),
  };
}

/** What an API that has just made something may not know of it yet, at a launch. */
const NOT_YET = ['InvalidGroup.NotFound', 'InvalidSecurityGroupID.NotFound', 'InvalidKeyPair.NotFound'];
/** A VM whose request was answered long ago is seen by its tags within so many seconds. */
const SEEN_SECONDS = 60;

interface Once {
  readonly token: string;
  /** The VM that carries our tags and has not ended. */
  ours(): Promise<LiveInstance | undefined>;
}

/**
 * One launch for one token. EC2 answers a repeated token with the VM that it made then; if that one has ended since, or
 * the token was used for other settings and nothing came of it, a token derived from it makes the next, by the same rule
 * in every run.
 *
 * @returns the VM, and whether it is one of these settings for certain
 * @throws NotMade when EC2 refused, else what calls throw: then it is not known
 */
async function runOnce(
  ec2: Ec2,
  context: ResourceContext,
  input: Input<'RunInstances'>,
  { token, ours }: Once,
): Promise<{ readonly live: LiveInstance; readonly wanted: boolean }> {
  for (let attempt = 0; attempt < TOKEN_ATTEMPTS; attempt += 1) {
    const ClientToken = attempt === 0 ? token : `${token}-${attempt}`;
    const run = () => ec2.call('RunInstances', { ...input, ClientToken }, context.signal);
    try {
      const { Instances = [] } = await eventually(context, INSTANCE, NOT_YET, run);
      const live = chooseInstance(Instances);
      if (live !== undefined && !['shutting-down', 'terminated'].includes(live.state)) return { live, wanted: true };
    } catch (error) {
      if (isAws(error, 'IdempotentInstanceTerminated')) continue;
      if (!isAws(error, 'IdempotentParameterMismatch')) throw isRefused(error) ? new NotMade(error) : error;
      const live = await lookFor(ours, context);
      if (live !== undefined) return { live, wanted: false };
    }
  }
  throw remedy.unhealthy('aws-terminated', 'every VM that was made for this intent has ended by itself', [
    'run the command again',
    'see the reason in the EC2 console, or choose another --type',
  ]);
}

/** An interrupted run has asked for a VM under the same token; if there is one, it shows up in a moment. */
function lookFor(ours: Once['ours'], context: ResourceContext): Promise<LiveInstance | undefined> {
  const { clock } = context;
  const over = clock.monotonic() + SEEN_SECONDS * 1000;
  return pollUntil<LiveInstance | undefined>(context, {
    key: INSTANCE,
    action: 'create',
    deadlineSeconds: 2 * SEEN_SECONDS,
    async look() {
      const live = await ours();
      if (live !== undefined || clock.monotonic() >= over) return { done: live };
      return { reason: 'looking for what an interrupted run has asked for' };
    },
    late: (reason) => new Error(reason),
  });
}

function changedInBetween(): RemedyError {
  return remedy.unhealthy('aws-changed', 'an interrupted run has already asked EC2 for this VM with other settings', [
    'run the same command again: it finds that VM and replaces it',
  ]);
}
