import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const BUNDLES = new URL('../dist/templates/', import.meta.url);

/** A B with a simulated engine, as processes on this machine. */
export interface SimulatedB {
  /** Base URL. */
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

export interface SimulatedBOptions {
  /** Where it listens: the lab's gateway, so that VMs reach it. */
  readonly address: string;
  /** 0, the default, for one that the system chooses. */
  readonly port?: number;
  /** Requests without the token in this file get 401. */
  readonly tokenFile?: string;
  /** Told of each process that is started. */
  readonly addChild?: (pid: number) => Promise<void>;
}

/** Starts a fast B: 0.1 s for each answer at least. Resolves when it listens. */
export async function startSimulatedB(options: SimulatedBOptions): Promise<SimulatedB> {
  const { address, port = 0, tokenFile, addChild } = options;
  const children: ChildProcess[] = [];
  const stop = async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  };
  const start = async (name: string, settings: Readonly<Record<string, string>>): Promise<string> => {
    const env = { PATH: process.env.PATH ?? '', NODE_ENV: 'production', LOG_PATH: 'none', ...settings };
    const file = new URL(`${name}.mjs`, BUNDLES).pathname;
    const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    children.push(child);
    const listening = new Promise<string>((resolve, reject) => {
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const [, found] = /listening on http:\/\/\S+:(\d+)/.exec(said) ?? [];
        if (found) resolve(found);
      });
      child.once('exit', () => reject(new Error(`${name} ended: ${said}`)));
    });
    listening.catch(() => {});
    if (child.pid !== undefined) await addChild?.(child.pid);
    return listening;
  };
  try {
    const engine = await start('engine-sim', {
      PORT: '0',
      SIM_MODELS: 'phi3:mini',
      SIM_LOAD_SECONDS: '0',
      SIM_OUTPUT_TOKENS_PER_SECOND: '1200',
      SIM_PROMPT_TOKENS_PER_SECOND: '0',
      SIM_ANSWER_TOKENS: '0',
      SIM_SPREAD: '0',
    });
    const bound = await start('service-b', {
      PORT: String(port),
      BIND_ADDRESS: address,
      OLLAMA_URL: `http://127.0.0.1:${engine}`,
      MIN_PROCESS_SECONDS: '0.1',
      ...(tokenFile === undefined ? {} : { AUTH_TOKEN_FILE: tokenFile }),
    });
    return { url: `http://${address}:${bound}`, port: Number(bound), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
