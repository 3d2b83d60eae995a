import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { once } from 'node:events';
import type { ServerCertificate } from '../../test/support/certificates.ts';

/** A target that runs. */
export interface Target {
  readonly url: string;
  readonly pids: readonly number[];
  /** What the target knows about the requests since the last time it was asked; only {@link withKnown}'s answer. */
  truth<T>(): Promise<T>;
}

/**
 * Runs `work` against a target of its own that costs little, which is gone afterwards.
 *
 * @param args how it answers, see `target-process.ts`
 * @param processes that share its port, where one has not enough descriptors
 * @param certificate with which it speaks TLS
 */
export function withTarget<T>(
  args: readonly string[],
  work: (target: Target) => Promise<T>,
  processes = 1,
  certificate?: ServerCertificate,
): Promise<T> {
  return run('target-process', args, work, processes, certificate);
}

/**
 * Runs `work` against a target that knows the truth about its answers.
 *
 * @param args how it answers, see `known-process.ts`
 */
export function withKnown<T>(args: readonly (string | number)[], work: (target: Target) => Promise<T>): Promise<T> {
  return run('known-process', args.map(String), work, 1);
}

/**
 * Runs `work` against a target that streams.
 *
 * @param args what it sends, see `stream-process.ts`
 */
export function withStreams<T>(args: readonly (string | number)[], work: (target: Target) => Promise<T>): Promise<T> {
  return run('stream-process', args.map(String), work, 1);
}

async function run<T>(
  module: string,
  args: readonly string[],
  work: (target: Target) => Promise<T>,
  processes: number,
  certificate?: ServerCertificate,
): Promise<T> {
  const children: ChildProcess[] = [];
  let port = 0;
  try {
    for (let i = 0; i < processes; i++) {
      const tls = certificate === undefined ? {} : { TARGET_TLS: JSON.stringify(certificate) };
      const options: ForkOptions = { execArgv: [], serialization: 'advanced', env: { ...process.env, ...tls } };
      const child = fork(new URL(`./${module}.ts`, import.meta.url), [String(port), ...args], options);
      children.push(child);
      [port] = (await once(child, 'message')) as [number];
    }
    const truth = async <A>(): Promise<A> => {
      const [first] = children;
      if (first === undefined) throw new Error('there is no target');
      first.send('truth');
      const [answer] = (await once(first, 'message')) as [A];
      return answer;
    };
    const pids = children.flatMap(({ pid }) => pid ?? []);
    return await work({
      url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}/invoke`,
      pids,
      truth,
    });
  } finally {
    for (const child of children) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
  }
}
