import { remedy } from '../../../errors.ts';
import { shortHash } from '../../machine/templates.ts';
import { pollUntil } from '../../stack/poll.ts';
import { NotMade, type Ownership, type Resource, type ResourceContext } from '../../stack/resource.ts';
import { type Ec2, filters, type Input, type Instance } from './ec2.ts';
import { Ec2Error, isAws, unless } from './errors.ts';
import { eventually } from './eventually.ts';
import { ALIVE, describeInstances, findById, INSTANCE, STARTED, settle, waitUntilRunning } from './instance-state.ts';
import { KEY_PAIR } from './key-pair.ts';
import type { Launch } from './launch.ts';
import { FIREWALL } from './security-group.ts';
import { EXPIRES_TAG, objectName, readTags, SPEC_TAG, stackFilters, tagSpecifications } from './tags.ts';

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

export interface InstanceDeps {
  /** What the region has for this VM; asked for only when one has to be made. */
  launch(): Promise<Launch>;
  /** Id of the security group. */
  firewallId(context: ResourceContext): Promise<string>;
  /** Cloud-init text for the first boot. */
  readonly userData: string;
}

const GONE_SECONDS = 600;
/** EC2 takes 16 KB of user-data, counted before base64. */
const USER_DATA_BYTES = 16 * 1024;

function specHash({ type, image, diskGb, subnetId, userDataHash }: InstanceSpec): string {
  return shortHash(JSON.stringify([type, image, diskGb, subnetId ?? '', userDataHash]));
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
export function instance(ec2: Ec2, owner: Ownership, deps: InstanceDeps): Resource<InstanceSpec, LiveInstance> {
  const list = (context: ResourceContext, states: readonly string[]): Promise<Instance[]> => {
    const Filters = [...stackFilters(owner.stack, INSTANCE), ...filters({ 'instance-state-name': states })];
    return describeInstances(ec2, { Filters }, context.signal);
  };
  const terminate = async ({ signal }: ResourceContext, ids: readonly string[]) => {
    for (const id of ids) {
      await ec2.call('TerminateInstances', { InstanceIds: [id] }, signal).catch(unless('InvalidInstanceID.NotFound'));
    }
  };

  return {
    key: INSTANCE,
    dependsOn: [KEY_PAIR, FIREWALL],
    find: async (context) => chooseInstance(await list(context, ALIVE)),
    diff(spec, live) {
      if (live.specHash !== specHash(spec) || live.type !== spec.type) return 'replace';
      return live.surplus.length > 0 || live.state.startsWith('stop') ? 'update' : 'same';
    },

    // Who may log in stands in the user-data: the key pair counts at the first boot only.
    whenReplaced: (dependency) => (dependency === KEY_PAIR ? 'same' : 'replace'),

    async create(context, spec, token) {
      const { image } = await deps.launch();
      const hash = specHash(spec);
      const input: Input<'RunInstances'> = {
        ImageId: image.id,
        InstanceType: spec.type as never,
        MinCount: 1,
        MaxCount: 1,
        KeyName: objectName(owner.stack, KEY_PAIR),
        NetworkInterfaces: [
          {
            DeviceIndex: 0,
            Groups: [await deps.firewallId(context)],
            AssociatePublicIpAddress: true,
            DeleteOnTermination: true,
            SubnetId: spec.subnetId,
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
        UserData: Buffer.from(deps.userData).toString('base64'),
        TagSpecifications: tagSpecifications(['instance', 'volume'], owner, INSTANCE, token, hash),
      };
      return runOnce(ec2, context, input, {
        token,
        hash,
        ours: async () => chooseInstance(await list(context, STARTED)),
      });
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

    ready: (context, live) => waitUntilRunning(ec2, context, live.id),

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

export type LiveInstance = NonNullable<ReturnType<typeof chooseInstance>>;

/**
 * The one VM that counts: a running or pending one before a stopped one, then the oldest, so that every run decides
 * alike. The others are its surplus: what an answer that was lost together with the state file can leave.
 */
export function chooseInstance(instances: readonly Instance[]) {
  const order = ({ State, LaunchTime, InstanceId = '' }: Instance) =>
    `${STARTED.includes(State?.Name ?? '') ? 0 : 1} ${LaunchTime?.toISOString() ?? ''} ${InstanceId}`;
  const [first, ...others] = instances.toSorted((a, b) => order(a).localeCompare(order(b)));
  if (first === undefined) return undefined;
  const { InstanceId: id = '', State, InstanceType = '', PublicIpAddress } = first;
  const tags = readTags(first.Tags);
  return {
    id,
    state: State?.Name ?? 'pending',
    type: InstanceType as string,
    specHash: tags.get(SPEC_TAG) ?? '',
    /** When its dead man's switch goes off, as it was when it was made. */
    expiresAt: tags.get(EXPIRES_TAG),
    publicIp: PublicIpAddress || undefined,
    surplus: others.map(({ InstanceId = '' }) => InstanceId),
  };
}

/** What an API that has just made something may not know of it yet, at a launch. */
const NOT_YET = ['InvalidGroup.NotFound', 'InvalidSecurityGroupID.NotFound', 'InvalidKeyPair.NotFound'];
/** A VM whose request was answered long ago is seen by its tags within so many seconds. */
const SEEN_SECONDS = 60;
/** A token whose VM has ended already is followed by this many others. */
const TOKEN_ATTEMPTS = 4;

interface Once {
  readonly token: string;
  /** Of the settings. */
  readonly hash: string;
  /** The VM that carries our tags and has not ended. */
  ours(): Promise<LiveInstance | undefined>;
}

/**
 * One launch for one token. EC2 answers a repeated token with the VM that it made then; if that one has ended since, or
 * the token was used for other settings and nothing came of it, a token derived from it makes the next, by the same rule
 * in every run.
 *
 * @throws NotMade when EC2 refused; RemedyError (exit 5) for a VM of other settings; else what calls throw: then it is not
 *   known
 */
async function runOnce(
  ec2: Ec2,
  context: ResourceContext,
  input: Input<'RunInstances'>,
  { token, hash, ours }: Once,
): Promise<LiveInstance> {
  for (let attempt = 0; attempt < TOKEN_ATTEMPTS; attempt += 1) {
    const ClientToken = attempt === 0 ? token : `${token}-${attempt}`;
    const run = () => ec2.call('RunInstances', { ...input, ClientToken }, context.signal);
    try {
      const { Instances = [] } = await eventually(context, INSTANCE, NOT_YET, run);
      const live = chooseInstance(Instances);
      if (live !== undefined && !['shutting-down', 'terminated'].includes(live.state)) return live;
    } catch (error) {
      if (isAws(error, 'IdempotentInstanceTerminated')) continue;
      if (!isAws(error, 'IdempotentParameterMismatch')) {
        throw error instanceof Ec2Error && error.refused ? new NotMade(error) : error;
      }
      const live = await lookFor(ours, context);
      if (live?.specHash === hash) return live;
      if (live === undefined) continue;
      const text = 'an interrupted run has already asked EC2 for this VM with other settings';
      throw remedy.unhealthy('aws-changed', text, ['run the same command again: it finds that VM and replaces it']);
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
