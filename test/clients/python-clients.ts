import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Answer, Ask, Client } from './client.ts';

const SCRIPT = fileURLToPath(new URL('py_clients.py', import.meta.url));

/** The Python that has the clients, or why there is none; `npm run test:clients` says so. */
export const PYTHON = process.env.CHAINCTL_PYTHON;
export const NO_PYTHON = process.env.CHAINCTL_NO_PYTHON ?? 'npm run test:clients has it';

/** What each of them can do beside chats. */
const ABILITIES = {
  openai: ['models', 'embed'],
  'langchain-openai': ['embed'],
  litellm: ['embed'],
  ollama: ['models'],
} as const;

/** Names of the clients that PyPI has. */
export const PYTHON_CLIENTS = Object.keys(ABILITIES) as readonly (keyof typeof ABILITIES)[];

/** Starts a client of PyPI as a process of its own, which takes one request after another. */
export function pythonClient(name: keyof typeof ABILITIES, python: string): Client {
  // Nothing of the machine's own settings, above all no proxy and no key.
  const env = {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    PYTHONUNBUFFERED: '1',
    LITELLM_LOCAL_MODEL_COST_MAP: 'True',
  };
  const child = spawn(python, [SCRIPT, name], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let last: Promise<unknown> = Promise.resolve();
  const call = <T>(what: string, ask: Ask): Promise<T> => {
    const answering = last.then(async () => {
      child.stdin.write(`${JSON.stringify({ do: what, ask })}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${name} ended: ${stderr}`);
      const outcome = JSON.parse(value) as { readonly value?: T; readonly shown?: string };
      if (outcome.shown !== undefined) throw new Error(outcome.shown);
      return outcome.value as T;
    });
    last = answering.catch(() => {});
    return answering;
  };
  const abilities: readonly string[] = ABILITIES[name];
  return {
    name: `${name} (Python)`,
    chat: (ask) => call<Answer>('chat', ask),
    stream: (ask) => call<Answer>('stream', ask),
    ...(abilities.includes('models') ? { models: (ask) => call<string[]>('models', ask) } : {}),
    ...(abilities.includes('embed') ? { embed: (ask) => call<number[]>('embed', ask) } : {}),
    async close() {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
