import { describe, expect, test } from 'vitest';
import { checkNeeds, namedUrls } from '../../../src/services/deploy/links.ts';
import { operatorAddress, parseCidr } from '../../../src/services/stack/cidr.ts';
import { findImage, parseImage, UBUNTU_24_04 } from '../../../src/services/targets/aws/ami.ts';
import { rulesOf } from '../../../src/services/targets/aws/desired.ts';
import type { Ec2 } from '../../../src/services/targets/aws/ec2.ts';
import { remedyFor } from '../../../src/services/targets/aws/errors.ts';
import { chooseInstance } from '../../../src/services/targets/aws/instance.ts';
import { nearTypes } from '../../../src/services/targets/aws/instance-types.ts';
import { fingerprintOf } from '../../../src/services/targets/aws/key-pair.ts';
import { costOf } from '../../../src/services/targets/aws/prices.ts';
import { type AwsRequest, whereOf } from '../../../src/services/targets/aws/request.ts';
import { tagsOf } from '../../../src/services/targets/aws/tags.ts';
import { SERVICES } from '../../../src/services/workloads/catalog.ts';

const signal = new AbortController().signal;

describe('ranges of addresses', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7/32'],
    ['203.0.113.7/24', '203.0.113.0/24'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    [' 192.0.2.255/25 ', '192.0.2.128/25'],
  ])('%s is %s', (text, cidr) => expect(parseCidr(text, '--allow')).toBe(cidr));

  test.each(['', 'here', '1.2.3', '1.2.3.256', '1.2.3.4/33', '0.0.0.0/0', '10.0.0.0/7', '2001:db8::/32'])(
    '"%s" is refused',
    (text) => expect(() => parseCidr(text, '--allow')).toThrow(expect.objectContaining({ exit: 2 })),
  );

  test('the rules of a request: login for the operator only, the service for whom it says', () => {
    const base = {
      operatorAddress: '203.0.113.7/32',
      allow: [] as string[],
      public: false,
      services: { a: {} },
    } as unknown as AwsRequest;
    const ssh = { port: 22, cidr: '203.0.113.7/32' };
    expect(rulesOf(base)).toEqual([ssh, { port: 8001, cidr: '203.0.113.7/32' }]);
    const twice = ['192.0.2.0/24', '192.0.2.0/24'];
    expect(rulesOf({ ...base, allow: twice })).toEqual([ssh, { port: 8001, cidr: '192.0.2.0/24' }]);
    expect(rulesOf({ ...base, public: true })).toEqual([ssh, { port: 8001, cidr: '0.0.0.0/0' }]);
  });
});

describe("the operator's address", () => {
  const answering = (text: string, status = 200) => ({
    fetch: async () => new Response(text, { status }),
    signal,
  });

  test('is what the operator says, else what AWS sees', async () => {
    expect(await operatorAddress({ given: '192.0.2.9', ...answering('198.51.100.1') })).toBe('192.0.2.9/32');
    expect(await operatorAddress(answering('198.51.100.1\n'))).toBe('198.51.100.1/32');
    const aws = { endpoint: 'https://ec2.eu-north-1.amazonaws.com', ...answering('198.51.100.1') };
    expect(await operatorAddress(aws)).toBe('198.51.100.1/32');
  });

  test.each([
    ['an error page', answering('<html>')],
    ['a failure', answering('', 503)],
    ['nobody', { fetch: async () => Promise.reject(new Error('fetch failed')), signal }],
    ['a lab, where nobody is asked', { endpoint: 'http://127.0.0.1:5000', ...answering('198.51.100.1') }],
  ])('is not guessed: %s', async (_name, input) => {
    await expect(operatorAddress(input)).rejects.toMatchObject({
      exit: 3,
      nextSteps: [expect.stringContaining('--operator-address')],
    });
  });
});

describe('images and types', () => {
  test.each([
    ['ami-0123456789abcdef0', { id: 'ami-0123456789abcdef0' }],
    ['099720109477:ubuntu/images/*-24.04-*', { owner: '099720109477', name: 'ubuntu/images/*-24.04-*' }],
    ['amazon:al2023-*', { owner: 'amazon', name: 'al2023-*' }],
    ['self:mine:1', { owner: 'self', name: 'mine:1' }],
  ])('%s is read', (text, image) => expect(parseImage(text)).toEqual(image));

  test.each(['', 'ami-xyz', 'ubuntu', '12345:name', '099720109477:'])('"%s" is refused', (text) =>
    expect(() => parseImage(text)).toThrow(expect.objectContaining({ exit: 2 })),
  );

  test('the newest image counts, by its date and not by its place', async () => {
    const image = (ImageId: string, CreationDate: string) => ({ ImageId, CreationDate, Architecture: 'x86_64' });
    const Images = [
      image('ami-1', '2026-01-02T00:00:00.000Z'),
      image('ami-3', '2026-03-02T00:00:00.000Z'),
      image('ami-2', '2026-02-02T00:00:00.000Z'),
    ];
    const ec2 = { region: 'eu-north-1', skewSeconds: () => 0, call: async () => ({ Images }) } as unknown as Ec2;
    expect(await findImage(ec2, UBUNTU_24_04, 'x86_64', signal)).toMatchObject({
      id: 'ami-3',
      rootDevice: '/dev/sda1',
    });
  });

  test('near types: the same family in other sizes before others of its kind', () => {
    const offered = ['c6i.large', 'c6i.4xlarge', 'm5.xlarge', 'c5.xlarge', 'c7g.2xlarge', 'x1.32xlarge'];
    expect(nearTypes('c6i.xlarge', offered)).toEqual(['c6i.large', 'c6i.4xlarge', 'c5.xlarge', 'c7g.2xlarge']);
    expect(nearTypes('c6i.nope', offered)[0]).toBe('c6i.large');
    expect(nearTypes('nonsense', offered)).toEqual([]);
  });
});

describe('costs', () => {
  test('a known type: per hour with disk and address, the bound of --ttl, and how old the knowledge is', () => {
    const request = { region: 'eu-north-1', type: 'c6i.xlarge', diskGb: 20, ttlSeconds: 4 * 3600 };
    const cost = costOf(request);
    const perHour = cost.perHour as number;
    // The most of the bound is the VM's; ten times the disk costs more, by far less than another VM.
    const more = (costOf({ ...request, diskGb: 200 }).perHour as number) - perHour;
    expect(more).toBeGreaterThan(0);
    expect(more).toBeLessThan(perHour / 4);
    expect(cost.lines.join('\n')).toContain(`${(4 * perHour).toFixed(2)} USD`);
    expect(cost.lines.join('\n')).toContain(
      'list prices as of 2025-01 (built in, not fetched); excludes tax, traffic and logs',
    );
  });

  test('a burstable type says what comes on top', () => {
    const { lines } = costOf({ region: 'us-east-1', type: 't3.large', diskGb: 20 });
    expect(lines.join('\n')).toContain('per vCPU and hour');
    expect(lines.join('\n')).toContain('a day');
  });

  test.each([
    ['eu-north-1', 'x9.huge'],
    ['mars-1', 'c6i.xlarge'],
  ])('no price is invented for %s %s', (region, type) => {
    const cost = costOf({ region, type, diskGb: 20 });
    expect(cost.perHour).toBeUndefined();
    expect(cost.lines[0]).toContain('does not know');
  });
});

test('the region: flag, where the stack is, environment, default', () => {
  const env = { AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-west-2' };
  const request = {
    ...{ region: 'eu-central-1', type: 't', image: 'ami', diskGb: 8, operatorAddress: '', allow: [], auth: 'none' },
    services: {},
  };
  const regionOf = (variables: object, record?: object, region?: string) =>
    whereOf({ flags: { region }, record, operator: { env: variables } } as unknown as Parameters<typeof whereOf>[0])
      .region;
  expect(regionOf(env, { request }, 'eu-west-1')).toBe('eu-west-1');
  expect(regionOf(env, { request })).toBe('eu-central-1');
  expect(regionOf(env)).toBe('us-east-1');
  expect(regionOf({ AWS_DEFAULT_REGION: 'us-west-2' })).toBe('us-west-2');
  expect(regionOf({})).toBe('eu-north-1');
});

test('a service that AWS gets has to know where those are that it needs; never on this machine', () => {
  const services = SERVICES.filter(({ needs }) => needs.length > 0);
  const check = (known: Record<string, string>) => checkNeeds(services, { stack: 's', deployed: services, known });
  expect(() => check(namedUrls({ 'b-url': 'http://198.51.100.9/invoke' }, ['b']))).not.toThrow();
  const deployable = expect.arrayContaining([expect.stringContaining('chainctl deploy all --stack s')]);
  expect(() => check({})).toThrow(expect.objectContaining({ exit: 2, nextSteps: deployable }));
  for (const b of ['http://127.0.0.1:8080', 'http://localhost:8002', 'http://[::1]:8002']) {
    expect(() => check({ b })).toThrow(expect.objectContaining({ exit: 2 }));
  }
});

test('the fingerprint of a public key is what ssh-keygen shows', () => {
  const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl comment';
  expect(fingerprintOf(line)).toBe('+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU');
  expect(fingerprintOf(`${line} other words`)).toBe(fingerprintOf(line));
});

test('tag values keep to the signs that EC2 takes', () => {
  const tags = tagsOf({ stack: 's', createdBy: 'DOMAIN\\us<er>@höst' }, 'instance-a', 'token');
  expect(tags).toContainEqual({ Key: 'chainctl:created-by', Value: 'DOMAIN_us_er_@höst' });
  expect(tags.map(({ Key }) => Key)).not.toContain('chainctl:expires-at');
});

test('of several VMs a running one counts, then the oldest', () => {
  const vm = (InstanceId: string, Name: 'running' | 'stopped', minute: number) => ({
    InstanceId,
    State: { Name },
    LaunchTime: new Date(minute * 60_000),
  });
  const all = [vm('i-3', 'running', 3), vm('i-1', 'stopped', 1), vm('i-2', 'running', 2)];
  expect(chooseInstance(all)).toMatchObject({ id: 'i-2', surplus: ['i-3', 'i-1'] });
  expect(chooseInstance([])).toBeUndefined();
});

describe('errors of the SDK', () => {
  const site = { call: 'RunInstances', region: 'eu-north-1' };
  const thrown = (name: string, message: string, extra: object = {}) =>
    Object.assign(new Error(message), { name, ...extra });

  test('a permission that is missing is named, without the encoded part', () => {
    const text =
      'You are not authorized to perform this operation. User: arn:aws:iam::1:user/u is not authorized to perform: ec2:CreateTags on resource: x. Encoded authorization failure message: abcdef';
    const error = remedyFor(thrown('UnauthorizedOperation', text), site);
    expect(error).toMatchObject({ exit: 3, message: expect.stringContaining('ec2:CreateTags') });
    expect(error.message).not.toContain('abcdef');
  });

  test('limits that EC2 adds later are still limits', () => {
    expect(remedyFor(thrown('SomethingLimitExceeded', 'x'), site).exit).toBe(4);
    expect(remedyFor(thrown('InsufficientSpotCapacity', 'x'), site).exit).toBe(4);
    expect(remedyFor(thrown('RequestLimitExceeded', 'x'), site).exit).toBe(5);
  });

  test('no credentials, and which profile was meant', () => {
    const error = remedyFor(thrown('CredentialsProviderError', 'none'), { ...site, profile: 'work' });
    expect(error).toMatchObject({ exit: 3, message: expect.stringContaining('profile work') });
  });

  test('a system error behind several attempts', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(remedyFor(new AggregateError([refused]), site)).toMatchObject({ exit: 5, awsCode: 'ECONNREFUSED' });
  });
});
