import type { GcpCall } from '../../lab/gcp/server.ts';
import { type BenchStack, hostAt } from './stack.ts';
import { momentOf } from './times.ts';

const BOUND_MS = 120_000;

export interface ScaleOut {
  /** From the change of the group's target size to the first answer of the new VM at the public address, seconds. */
  readonly seconds: number;
  /** The most calls that one look of `scale-watch` made meanwhile. */
  readonly mostCalls: number;
  readonly looks: number;
}

/** Lets a group grow by one VM while `scale-watch` looks at it. */
export async function scaleOut(stack: BenchStack): Promise<ScaleOut> {
  const address = await stack.address();
  const from = (await stack.group())?.targetSize;
  if (address === undefined || from === undefined) throw new Error(`stack ${stack.name} is not deployed`);
  const before = new Set<string | undefined>();
  for (let i = 0; i < 4 * from; i++) before.add(await hostAt(address));
  const signal = AbortSignal.timeout(BOUND_MS);
  const calls = stack.gcp.calls.length;
  const looked = () => looksOf(stack.gcp.calls.slice(calls));
  const until = `size=${from + 1},stable`;
  const watch = stack.run(['scale-watch', '--interval', '1s', '--until', until, '--for', `${BOUND_MS / 1000}s`]);
  try {
    await momentOf(async () => looked().length > 1, signal);
    await stack.resize(from + 1);
    const decided = await momentOf(async () => (await stack.group())?.targetSize === from + 1, signal);
    const answered = await momentOf(async () => {
      const host = await hostAt(address);
      return host !== undefined && !before.has(host);
    }, signal);
    await watch;
    const looks = looked();
    return { seconds: (answered - decided) / 1000, mostCalls: Math.max(...looks), looks: looks.length };
  } finally {
    await watch.catch(() => {});
  }
}

/** How many calls each look made: it begins with the group. */
function looksOf(calls: readonly GcpCall[]): number[] {
  const looks: number[] = [];
  for (const { action, client } of calls) {
    if (!client.includes('gax')) continue;
    if (action === 'instanceGroupManagers.get') looks.push(0);
    if (looks.length > 0) looks.push((looks.pop() ?? 0) + 1);
  }
  return looks;
}
