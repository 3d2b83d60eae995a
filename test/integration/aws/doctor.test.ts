import { afterEach, beforeEach, expect } from 'vitest';
import { doctorAws } from '../../../src/services/targets/aws/doctor.ts';
import type { Ec2 } from '../../../src/services/targets/aws/ec2.ts';
import { Ec2Error } from '../../../src/services/targets/aws/errors.ts';
import { AwsStack } from './aws-stack.ts';
import { motoForTests, test } from './moto.ts';

const moto = motoForTests();
let stack: AwsStack;

beforeEach(async () => {
  stack = await AwsStack.open(moto.url);
});
afterEach(() => stack.close());

/** What doctor finds out, by name; `launch` sees the dry run and may refuse it. */
async function examined(type: string, launch: (input: Record<string, unknown>) => void = () => {}) {
  const { ec2 } = stack.deps;
  const call = (async (name: string, input: Record<string, unknown>, signal: AbortSignal) => {
    if (name === 'RunInstances') launch(input);
    return (ec2.call as (...all: unknown[]) => Promise<unknown>)(name, input, signal);
  }) as Ec2['call'];
  const request = { type, image: '099720109477:ubuntu/images/*ubuntu-*', diskGb: 20 };
  const found = await doctorAws({ ...ec2, call }, request, async () => '203.0.113.7/32', new AbortController().signal);
  return Object.fromEntries(found.map(({ name, ...rest }) => [name, rest]));
}

/** As EC2 refuses a launch for which the policy has nothing on one kind of resource. */
const without = (kind: string) => () => {
  const message = `You are not authorized to perform this operation. User: me is not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:eu-north-1:1:${kind}/x-1`;
  throw new Ec2Error(message, 'UnauthorizedOperation', { code: 'aws-forbidden', exit: 3 });
};

test('a launch is tried with all that a deploy tags, and in a group of a stack’s where there is one', async () => {
  const inputs: Record<string, unknown>[] = [];
  const seen = (input: Record<string, unknown>) => void inputs.push(input);
  expect(await examined('c6i.xlarge', seen)).toMatchObject({ 'aws launch': { status: 'ok' } });
  await stack.deploy();
  expect(await examined('c6i.xlarge', seen)).toMatchObject({ 'aws launch': { status: 'ok' } });
  const [before, after] = inputs;
  expect(before?.SecurityGroupIds).toBeUndefined();
  expect(after?.SecurityGroupIds).toEqual([expect.stringMatching(/^sg-/)]);
  expect(before?.TagSpecifications).toMatchObject([{ ResourceType: 'instance' }, { ResourceType: 'volume' }]);
});

test('a policy that knows groups with the tag only does not fail it, one without anything else does', async () => {
  expect(await examined('c6i.xlarge', without('security-group'))).toMatchObject({
    'aws launch': { status: 'ok', detail: expect.stringContaining('default security group') },
  });
  expect(await examined('c6i.xlarge', without('volume'))).toMatchObject({ 'aws launch': { status: 'failed' } });
  await stack.deploy();
  expect(await examined('c6i.xlarge', without('security-group'))).toMatchObject({ 'aws launch': { status: 'failed' } });
});

test('a type with a GPU is no use, and says so', async () => {
  expect(await examined('g4dn.xlarge')).toMatchObject({
    'aws type': { status: 'warning', detail: expect.stringMatching(/1 NVIDIA T4, which nothing here uses/) },
  });
});
