import { type Element, everyElement, parseXml, textOf } from './xml.ts';

/** How many objects an account has; all zero after a teardown. Default groups do not count. */
export interface Inventory {
  readonly instances: number;
  readonly keyPairs: number;
  readonly securityGroups: number;
  readonly addresses: number;
  readonly volumes: number;
}

/** What the AWS command line counts: a client that shares nothing with chainctl. It takes a second or two. */
export async function inventoryByCli(aws: (...args: string[]) => Promise<unknown>): Promise<Inventory> {
  const list = async (what: string, query: string) =>
    ((await aws('ec2', `describe-${what}`, '--query', query)) as unknown[]).length;
  const [instances, keyPairs, securityGroups, addresses, volumes] = await Promise.all([
    list('instances', 'Reservations[].Instances[?State.Name!=`terminated`][]'),
    list('key-pairs', 'KeyPairs'),
    list('security-groups', 'SecurityGroups[?GroupName!=`default`]'),
    list('addresses', 'Addresses'),
    list('volumes', 'Volumes'),
  ] as const);
  return { instances, keyPairs, securityGroups, addresses, volumes };
}

/** No credentials are checked, but moto wants to see some. */
const SIGNATURE =
  'AWS4-HMAC-SHA256 Credential=lab/20260101/eu-north-1/ec2/aws4_request, SignedHeaders=host, Signature=0';

/**
 * The same, asked with plain requests: for tests that count often.
 *
 * @param stack only what carries this stack's tag; volumes have none
 */
export async function inventoryByQuery(endpoint: string, stack?: string): Promise<Inventory> {
  const list = async (action: string, item: string) => {
    const body = new URLSearchParams({ Action: action, Version: '2016-11-15' });
    const answer = await fetch(endpoint, { method: 'POST', body, headers: { authorization: SIGNATURE } });
    const objects = [...everyElement(parseXml(await answer.text()))].filter((each) => textOf(each, item) !== undefined);
    return objects.filter((each) => counts(each, stack)).length;
  };
  const [instances, keyPairs, securityGroups, addresses, volumes] = await Promise.all([
    list('DescribeInstances', 'instanceType'),
    list('DescribeKeyPairs', 'keyPairId'),
    list('DescribeSecurityGroups', 'groupDescription'),
    list('DescribeAddresses', 'allocationId'),
    list('DescribeVolumes', 'size'),
  ]);
  return { instances, keyPairs, securityGroups, addresses, volumes };
}

function counts(object: Element, stack: string | undefined): boolean {
  const below = [...everyElement(object)];
  const has = (name: string, text: string) => below.some((each) => each.name === name && each.text === text);
  const ended = has('name', 'terminated') || textOf(object, 'groupName') === 'default';
  return !ended && (stack === undefined || has('value', stack));
}
