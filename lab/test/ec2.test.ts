import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeAddressesCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  DescribeKeyPairsCommand,
  EC2Client,
  ReleaseAddressCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.ts';
import { labObstacle } from '../support.ts';

const obstacle = await labObstacle(false);

describe.skipIf(obstacle)(`the lab's EC2${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let lab: Lab;
  let ec2: EC2Client;

  beforeAll(async () => {
    lab = await startLab();
    ec2 = client(1);
  });
  afterAll(() => lab?.stop());
  afterEach(() => {
    lab.faults.clear();
    Object.assign(lab.behaviour, { invisibleReads: 0, groupReleaseMs: 0 });
  });

  const client = (maxAttempts: number) =>
    new EC2Client({
      endpoint: lab.env.AWS_ENDPOINT_URL_EC2 as string,
      region: lab.env.AWS_REGION as string,
      credentials: { accessKeyId: 'lab', secretAccessKey: 'lab' },
      maxAttempts,
    });

  const newestUbuntu = async (architecture = 'x86_64') => {
    const name = 'ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-*-server-*';
    const filters = [
      { Name: 'name', Values: [name] },
      { Name: 'architecture', Values: [architecture] },
    ];
    const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ['099720109477'], Filters: filters }));
    return Images.sort((a, b) => (b.CreationDate ?? '').localeCompare(a.CreationDate ?? ''))[0];
  };

  const launch = async (token: string, changes: { groups?: string[]; userData?: string } = {}) =>
    new RunInstancesCommand({
      ...{ ImageId: (await newestUbuntu())?.ImageId, InstanceType: 't3.large', MinCount: 1, MaxCount: 1 },
      ...{ ClientToken: token, SecurityGroupIds: changes.groups },
      UserData: Buffer.from(changes.userData ?? '#cloud-config\n').toString('base64'),
    });

  const newGroup = async (name: string) => {
    const made = await ec2.send(new CreateSecurityGroupCommand({ GroupName: name, Description: 'a test' }));
    return made.GroupId as string;
  };

  const launched = async (token: string, groups?: string[]) => {
    const made = await ec2.send(await launch(token, groups ? { groups } : {}));
    await lab.settled();
    return made.Instances?.[0]?.InstanceId as string;
  };

  const terminate = async (id: string) => {
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    await lab.settled();
  };

  it("has Canonical's images for both architectures, and knows which is the newest", async () => {
    expect((await newestUbuntu())?.Name).toBe('ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260115');
    expect((await newestUbuntu('arm64'))?.Architecture).toBe('arm64');
  });

  it('knows instance types and where they are offered', async () => {
    const types = await ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ['t3.large'] }));
    expect(types.InstanceTypes?.[0]?.VCpuInfo?.DefaultVCpus).toBe(2);
    const where = { LocationType: 'availability-zone', Filters: [{ Name: 'instance-type', Values: ['t3.large'] }] };
    const offered = await ec2.send(new DescribeInstanceTypeOfferingsCommand(where as never));
    expect(offered.InstanceTypeOfferings?.map(({ Location }) => Location)).toContain('eu-north-1a');
  });

  it('launches once for one client token, also when the answer to the first call was lost', async () => {
    const command = await launch('token-1');
    lab.faults.add({ action: 'RunInstances', kind: 'reset-after' });
    await expect(ec2.send(command)).rejects.toThrow();
    const [again, once] = await Promise.all([ec2.send(command), ec2.send(command)]);
    expect(again.Instances?.[0]?.InstanceId).toBe(once.Instances?.[0]?.InstanceId);
    expect((await lab.count()).instances).toBe(1);
    await expect(ec2.send(await launch('token-1', { userData: '#!/bin/sh\n' }))).rejects.toThrow(
      expect.objectContaining({ name: 'IdempotentParameterMismatch' }),
    );
    await terminate(again.Instances?.[0]?.InstanceId as string);
  });

  it('keeps a security group as long as an instance uses it', async () => {
    const group = await newGroup('in-use');
    const id = await launched('token-2', [group]);
    const remove = () => ec2.send(new DeleteSecurityGroupCommand({ GroupId: group }));
    const inUse = expect.objectContaining({ name: 'DependencyViolation' });
    await expect(remove()).rejects.toThrow(inUse);
    lab.behaviour.groupReleaseMs = 3_600_000;
    await terminate(id);
    await expect(remove()).rejects.toThrow(inUse);
    lab.behaviour.groupReleaseMs = 0;
    await remove();
    expect(await lab.count()).toEqual({ instances: 0, keyPairs: 0, securityGroups: 0, addresses: 0, volumes: 0 });
  });

  it('shows states that follow the machine, and filters by them', async () => {
    const id = await launched('token-3');
    const withState = async (state: string) => {
      const filter = { Filters: [{ Name: 'instance-state-name', Values: [state] }] };
      const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand(filter));
      return Reservations.flatMap(({ Instances = [] }) => Instances.map(({ InstanceId }) => InstanceId));
    };
    expect(await withState('running')).toContain(id);
    const going = await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    expect(going.TerminatingInstances?.[0]?.CurrentState?.Name).toBe('shutting-down');
    await lab.settled();
    expect(await withState('running')).not.toContain(id);
    expect(await withState('terminated')).toContain(id);
  });

  it('gives an Elastic IP that can be released only when nothing has it', async () => {
    const id = await launched('token-4');
    const { AllocationId, PublicIp } = await ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }));
    await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId: id }));
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
    expect(Reservations?.[0]?.Instances?.[0]?.PublicIpAddress).toBe(PublicIp);
    expect(PublicIp).toMatch(/^127\.87\./);
    const found = await ec2.send(new DescribeAddressesCommand({ PublicIps: [PublicIp as string] }));
    expect(found.Addresses?.[0]).toMatchObject({ AllocationId, InstanceId: id });
    const release = () => ec2.send(new ReleaseAddressCommand({ AllocationId }));
    await expect(release()).rejects.toThrow(expect.objectContaining({ name: 'InvalidIPAddress.InUse' }));
    await terminate(id);
    await release();
    expect((await lab.count()).addresses).toBe(0);
  });

  it('finds a new object only after a while when told so', async () => {
    lab.behaviour.invisibleReads = 2;
    const group = await newGroup('new');
    const rule = { GroupId: group, IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '192.0.2.1/32' };
    const authorize = () => ec2.send(new AuthorizeSecurityGroupIngressCommand(rule));
    const notFound = expect.objectContaining({ name: 'InvalidGroup.NotFound' });
    await expect(authorize()).rejects.toThrow(notFound);
    await expect(authorize()).rejects.toThrow(notFound);
    await authorize();
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId: group }));
  });

  it('refuses user data of more than 16 KB, and images and types that do not exist', async () => {
    const large = await launch('token-5', { userData: 'x'.repeat(16_385) });
    await expect(ec2.send(large)).rejects.toThrow(/limited to 16384 bytes/);
    const unknown = { InstanceType: 't3.large', ImageId: 'ami-00000000000000000', MinCount: 1, MaxCount: 1 } as const;
    await expect(ec2.send(new RunInstancesCommand(unknown))).rejects.toThrow(/does not exist/);
  });

  it('fails as told, as often as told, and clients try again what they may', async () => {
    const describeKeys = new DescribeKeyPairsCommand({});
    lab.faults.add({ action: 'DescribeKeyPairs', times: 2, kind: 'error', code: 'RequestLimitExceeded' });
    await client(3).send(describeKeys);
    lab.faults.add({ action: 'DescribeKeyPairs', kind: 'reset-before' });
    await client(2).send(describeKeys);
    lab.faults.add({ kind: 'expired-credentials' });
    await expect(ec2.send(describeKeys)).rejects.toThrow(expect.objectContaining({ name: 'RequestExpired' }));
    lab.faults.add({ action: 'RunInstances', kind: 'error', code: 'VcpuLimitExceeded' });
    await expect(ec2.send(await launch('token-6'))).rejects.toThrow(
      expect.objectContaining({ name: 'VcpuLimitExceeded' }),
    );
    expect(lab.faults.left).toBe(0);
    const keyCalls = lab.calls.filter(({ action }) => action === 'DescribeKeyPairs').slice(-6);
    expect(keyCalls.map(({ fault }) => fault)).toEqual([
      ...['error', 'error', undefined, 'reset-before', undefined, 'expired-credentials'],
    ]);
  });

  it('keeps a record of calls without the user data', async () => {
    const id = await ec2.send(await launch('token-7', { userData: '#cloud-config\n# a secret\n' }));
    const call = lab.calls.findLast(({ action }) => action === 'RunInstances');
    expect(call?.params).toMatchObject({ ClientToken: 'token-7', UserData: '(25 bytes)', InstanceType: 't3.large' });
    expect(call?.status).toBe(200);
    await terminate(id.Instances?.[0]?.InstanceId as string);
  });

  it('is read by another client', async () => {
    const group = await newGroup('seen-by-both');
    const query = 'SecurityGroups[?GroupName!=`default`].GroupName';
    expect(await lab.aws('ec2', 'describe-security-groups', '--query', query)).toEqual(['seen-by-both']);
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId: group }));
  });
});
