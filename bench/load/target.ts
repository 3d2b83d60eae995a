import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs `work` against a target of its own, which is gone afterwards.
 *
 * @param args how it answers, see `target-process.ts`
 * @param processes that share its port, where one has not enough descriptors
 */
export async function withTarget<T>(
  args: readonly string[],
  work: (url: string) => Promise<T>,
  processes = 1,
): Promise<T> {
  const children: ChildProcess[] = [];
  let port = 0;
  try {
    for (let i = 0; i < processes; i++) {
      const module = new URL('./target-process.ts', import.meta.url);
      const child = fork(module, [String(port), ...args], { execArgv: [] });
      children.push(child);
      [port] = (await once(child, 'message')) as [number];
    }
    return await work(`http://127.0.0.1:${port}/invoke`);
  } finally {
    for (const child of children) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
  }
}
