import { readFile, rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect } from 'vitest';
import { until } from '../../support/until.ts';
import { AwsStack, publicKeyLine } from './aws-stack.ts';
import { AMD64_IMAGE, ARM64_IMAGE, motoForTests, test } from './moto.ts';

const moto = motoForTests();
let stack: AwsStack;

beforeEach(async () => {
  stack = await AwsStack.open(moto.url);
});
afterEach(() => stack.close());

const ours = ['--filters', 'Name=tag:chainctl:stack,Values=test'];

async function liveInstances() {
  const { Reservations } = await moto.aws('describe-instances', ...ours);
  return Reservations.flatMap(({ Instances }: { Instances: unknown[] }) => Instances).filter(
    ({ State }: { State: { Name: string } }) => State.Name !== 'terminated',
  );
}

/** Everything of the stack that an independent reader counts. */
async function count() {
  const [instances, groups, pairs, addresses, volumes] = await Promise.all([
    liveInstances(),
    moto.aws('describe-security-groups', ...ours),
    moto.aws('describe-key-pairs', ...ours),
    moto.aws('describe-addresses', ...ours),
    moto.aws('describe-volumes', ...ours),
  ]);
  return {
    instances: instances.length,
    groups: groups.SecurityGroups.length,
    pairs: pairs.KeyPairs.length,
    addresses: addresses.Addresses.length,
    volumes: volumes.Volumes.length,
  };
}

const NOTHING = { instances: 0, groups: 0, pairs: 0, addresses: 0, volumes: 0 };

async function rules() {
  const { SecurityGroups } = await moto.aws('describe-security-groups', ...ours);
  const permissions = SecurityGroups[0].IpPermissions as { FromPort: number; IpRanges: { CidrIp: string }[] }[];
  return permissions.flatMap(({ FromPort, IpRanges }) => IpRanges.map(({ CidrIp }) => `${FromPort} ${CidrIp}`)).sort();
}

const tagsOf = (object: { Tags: { Key: string; Value: string }[] }) =>
  Object.fromEntries(object.Tags.map(({ Key, Value }) => [Key, Value]));

test('what the plan says is there afterwards, as another reader sees it', async () => {
  const plan = await stack.plan({ elasticIp: true, ttlSeconds: 3600 });
  expect(AwsStack.actions(plan)).toEqual({
    'ssh-key': 'create',
    firewall: 'create',
    'instance-a': 'create',
    'address-a': 'create',
  });
  expect(await count()).toEqual(NOTHING);

  const deployment = await stack.deploy({ elasticIp: true, ttlSeconds: 3600 });
  expect(await count()).toEqual({ instances: 1, groups: 1, pairs: 1, addresses: 1, volumes: 1 });
  expect(await rules()).toEqual(['22 203.0.113.7/32', '8001 203.0.113.7/32']);

  const [instance] = await liveInstances();
  expect(instance).toMatchObject({
    InstanceType: 'c6i.xlarge',
    ImageId: AMD64_IMAGE,
    KeyName: 'chainctl-test-ssh-key',
  });
  const { Addresses } = await moto.aws('describe-addresses', ...ours);
  expect(Addresses[0].InstanceId).toBe(instance.InstanceId);
  expect(deployment.endpoints).toEqual({ a: `http://${Addresses[0].PublicIp}:8001` });
  const { Volumes } = await moto.aws('describe-volumes', ...ours);
  expect(Volumes[0]).toMatchObject({ Encrypted: true, VolumeType: 'gp3', Size: 20 });
  for (const [object, key] of [
    [instance, 'instance-a'],
    [Volumes[0], 'instance-a'],
    [Addresses[0], 'address-a'],
  ]) {
    expect(tagsOf(object)).toMatchObject({
      Name: `chainctl-test-${key}`,
      'chainctl:stack': 'test',
      'chainctl:key': key,
      'chainctl:created-by': 'test@here',
      'chainctl:token': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'chainctl:expires-at': deployment.expiresAt,
    });
  }
});

test('the second deploy changes nothing', async () => {
  const first = await stack.deploy({ elasticIp: true, ttlSeconds: 3600 });
  const [before] = await liveInstances();
  const later = Date.now() + 20;
  await until('another time', () => Date.now() > later, { everyMs: 5 });
  const again = await stack.deploy({ elasticIp: true, ttlSeconds: 3600 });
  expect(again.expiresAt).toBe(first.expiresAt);
  expect(Object.values(AwsStack.actions(again))).toEqual(['unchanged', 'unchanged', 'unchanged', 'unchanged']);
  expect((await liveInstances()).map((each: typeof before) => each.InstanceId)).toEqual([before.InstanceId]);
});

test('the state holds no user-data and no key', async () => {
  stack.material = { publicKey: publicKeyLine(), userData: '#cloud-config\n# sentinel-host-key\n', bootHash: 'boot' };
  await stack.deploy();
  const written = (await readFile(stack.paths.state, 'utf8')) + (await readFile(stack.paths.audit, 'utf8'));
  expect(written).not.toContain('sentinel-host-key');
  expect(JSON.stringify(stack.events)).not.toContain('sentinel-host-key');
});

test('other rules are changed in place', async () => {
  await stack.deploy();
  const changed = { operatorAddress: '203.0.113.99/32', allow: ['198.51.100.0/24', '192.0.2.0/24'] };
  const deployment = await stack.deploy(changed);
  expect(AwsStack.actions(deployment)).toEqual({
    'ssh-key': 'unchanged',
    firewall: 'update',
    'instance-a': 'unchanged',
  });
  expect(await rules()).toEqual(['22 203.0.113.99/32', '8001 192.0.2.0/24', '8001 198.51.100.0/24']);
});

test('a rule that somebody added by hand is taken back, and --public opens only the service', async () => {
  await stack.deploy();
  const { SecurityGroups } = await moto.aws('describe-security-groups', ...ours);
  const open = ['--group-id', SecurityGroups[0].GroupId, '--protocol', 'tcp', '--port', '22', '--cidr', '0.0.0.0/0'];
  await moto.aws('authorize-security-group-ingress', ...open);
  const deployment = await stack.deploy({ public: true });
  expect(AwsStack.actions(deployment).firewall).toBe('update');
  expect(await rules()).toEqual(['22 203.0.113.7/32', '8001 0.0.0.0/0']);
});

test('another type, disk, image or boot is another VM, and the address follows', async () => {
  await stack.deploy({ elasticIp: true });
  const [first] = await liveInstances();
  const deployment = await stack.deploy({ elasticIp: true, type: 't4g.small' });
  expect(AwsStack.actions(deployment)['instance-a']).toBe('replace');
  const [second, ...others] = await liveInstances();
  expect(others).toEqual([]);
  expect(second.InstanceId).not.toBe(first.InstanceId);
  expect(second).toMatchObject({ InstanceType: 't4g.small', ImageId: ARM64_IMAGE });
  const { Addresses } = await moto.aws('describe-addresses', ...ours);
  expect(Addresses).toHaveLength(1);
  expect(Addresses[0].InstanceId).toBe(second.InstanceId);

  for (const change of [{ diskGb: 30 }, { image: ARM64_IMAGE }]) {
    expect(AwsStack.actions(await stack.plan({ elasticIp: true, type: 't4g.small', ...change }))['instance-a']).toBe(
      'replace',
    );
  }
  stack.material = { ...stack.material, userData: '#cloud-config\n# other\n', bootHash: 'other' };
  expect(AwsStack.actions(await stack.plan({ elasticIp: true, type: 't4g.small' }))['instance-a']).toBe('replace');
});

test('another key replaces the key pair', async () => {
  await stack.deploy();
  stack.material = { ...stack.material, publicKey: publicKeyLine() };
  expect(AwsStack.actions(await stack.deploy())['ssh-key']).toBe('replace');
  const { KeyPairs } = await moto.aws('describe-key-pairs', ...ours, '--include-public-key');
  expect(KeyPairs).toHaveLength(1);
  expect(KeyPairs[0].PublicKey).toContain(stack.material.publicKey.split(' ')[1]);
});

test('a stopped VM is started', async () => {
  await stack.deploy();
  const [before] = await liveInstances();
  await moto.aws('stop-instances', '--instance-ids', before.InstanceId);
  expect(AwsStack.actions(await stack.deploy())['instance-a']).toBe('update');
  const [after] = await liveInstances();
  expect(after).toMatchObject({ InstanceId: before.InstanceId, State: { Name: 'running' } });
});

test('a VM that is gone is made again', async () => {
  await stack.deploy();
  const [before] = await liveInstances();
  await moto.aws('terminate-instances', '--instance-ids', before.InstanceId);
  expect(AwsStack.actions(await stack.deploy())['instance-a']).toBe('create');
  expect(await count()).toMatchObject({ instances: 1, groups: 1, pairs: 1 });
});

test('teardown leaves nothing, also without the state file', async () => {
  await stack.deploy({ elasticIp: true });
  await rm(stack.paths.state);
  const report = await stack.teardown();
  expect(report).toMatchObject({
    removed: ['address-a', 'firewall', 'instance-a', 'ssh-key'],
    leftovers: [],
  });
  expect(await count()).toEqual(NOTHING);
  expect(await stack.teardown()).toMatchObject({ removed: [], leftovers: [] });
});

test('teardown touches neither another stack nor what has no tag', async () => {
  const other = await AwsStack.open(moto.url, 'other');
  await other.deploy();
  await stack.deploy();
  const plain = ['--image-id', AMD64_IMAGE, '--instance-type', 't3.micro'];
  const { Instances } = await moto.aws('run-instances', ...plain);
  await stack.teardown();
  const { Reservations } = await moto.aws('describe-instances', '--filters', 'Name=instance-state-name,Values=running');
  const running = Reservations.flatMap((each: { Instances: { InstanceId: string }[] }) => each.Instances);
  expect(running).toHaveLength(2);
  expect(running.map((each: { InstanceId: string }) => each.InstanceId)).toContain(Instances[0].InstanceId);
  await other.close();
});

test('of two VMs with the same tags the older is kept and the other ended', async () => {
  await stack.deploy();
  const [first] = await liveInstances();
  const tags = first.Tags.map(({ Key, Value }: { Key: string; Value: string }) => `{Key=${Key},Value=${Value}}`);
  const twin = `ResourceType=instance,Tags=[${tags.join(',')}]`;
  // EC2 tells the time of a launch in whole seconds.
  await until('a later second', () => Date.now() > Date.parse(first.LaunchTime) + 1000);
  const again = ['--image-id', AMD64_IMAGE, '--instance-type', 'c6i.xlarge', '--tag-specifications', twin];
  await moto.aws('run-instances', ...again);
  expect(await liveInstances()).toHaveLength(2);
  expect(AwsStack.actions(await stack.deploy())['instance-a']).toBe('update');
  expect((await liveInstances()).map((each: typeof first) => each.InstanceId)).toEqual([first.InstanceId]);
  expect(stack.events).toContainEqual({
    type: 'note',
    level: 'warn',
    text: expect.stringContaining('more than one VM'),
  });
});

test('of two addresses with the same tags the one in use is kept', async () => {
  await stack.deploy({ elasticIp: true });
  const { Addresses } = await moto.aws('describe-addresses', ...ours);
  const twin = 'ResourceType=elastic-ip,Tags=[{Key=chainctl:stack,Value=test},{Key=chainctl:key,Value=address-a}]';
  await moto.aws('allocate-address', '--domain', 'vpc', '--tag-specifications', twin);
  expect(AwsStack.actions(await stack.deploy({ elasticIp: true }))['address-a']).toBe('update');
  const after = await moto.aws('describe-addresses', ...ours);
  expect(after.Addresses.map(({ AllocationId }: { AllocationId: string }) => AllocationId)).toEqual([
    Addresses[0].AllocationId,
  ]);
});

test('an Elastic IP that is not wanted any more is released', async () => {
  await stack.deploy({ elasticIp: true });
  const deployment = await stack.deploy();
  expect(AwsStack.actions(deployment)['address-a']).toBe('remove');
  expect(await count()).toMatchObject({ addresses: 0, instances: 1 });
});

test('nothing is made when the operator declines, the type is not offered, or the image does not exist', async () => {
  const decline = { confirm: () => Promise.reject(new Error('declined')) };
  await expect(stack.deploy({}, decline)).rejects.toThrow('declined');
  await expect(stack.deploy({ type: 't3a.large' })).rejects.toMatchObject({
    exit: 3,
    nextSteps: [expect.stringContaining('--type t3'), expect.any(String)],
  });
  await expect(stack.deploy({ type: 'c6i.nope' })).rejects.toMatchObject({ exit: 3 });
  await expect(stack.deploy({ image: 'ami-00000000000000000' })).rejects.toMatchObject({ exit: 3 });
  await expect(stack.deploy({ image: '099720109477:no-such-*' })).rejects.toThrow('no-such-*');
  await expect(stack.deploy({ type: 't4g.small', image: AMD64_IMAGE })).rejects.toThrow('x86_64');
  await expect(stack.deploy({ subnetId: 'subnet-00000000' })).rejects.toThrow('subnet-00000000');
  stack.material = { ...stack.material, userData: 'x'.repeat(16 * 1024 + 1), bootHash: 'boot' };
  await expect(stack.deploy()).rejects.toThrow('16385 bytes');
  expect(await count()).toEqual(NOTHING);
});

test('a key pair of our name that is not ours is named and left alone', async () => {
  await moto.aws('create-key-pair', '--key-name', 'chainctl-test-ssh-key');
  await expect(stack.deploy()).rejects.toMatchObject({ exit: 3, message: expect.stringContaining('did not make') });
  const { KeyPairs } = await moto.aws('describe-key-pairs');
  expect(KeyPairs).toHaveLength(1);
});

test('a stack is not looked for in another region or with another account', async () => {
  await stack.deploy();
  const elsewhere = { ...stack.deps.ec2, region: 'us-east-1' };
  await expect(stack.deploy({ region: 'us-east-1' }, { ec2: elsewhere })).rejects.toThrow(
    'this stack is in eu-north-1',
  );
  await expect(stack.teardown({ ec2: elsewhere })).rejects.toThrow('this stack is in eu-north-1');
  const state = await readFile(stack.paths.state, 'utf8');
  expect(state).toContain('123456789012');
  const stranger = {
    ...stack.deps.ec2,
    call: async (name: string, ...rest: unknown[]) => {
      const answer = await (stack.deps.ec2.call as (...all: unknown[]) => Promise<object>)(name, ...rest);
      return name === 'DescribeSecurityGroups' ? { SecurityGroups: [{ OwnerId: '999999999999' }] } : answer;
    },
  } as typeof stack.deps.ec2;
  await expect(stack.teardown({ ec2: stranger })).rejects.toThrow('999999999999');
  expect(await count()).toMatchObject({ instances: 1 });
});
