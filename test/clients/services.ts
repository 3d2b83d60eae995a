import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const BUNDLES = fileURLToPath(new URL('../../dist/templates/', import.meta.url));

/** A deployed program: the very bundle, as a process on a port of loopback. */
export interface Service {
  readonly url: string;
  /** Tells it to drain. */
  terminate(): void;
}

export type Settings = Readonly<Record<string, string>>;

/** Starts bundles, and ends what it started. */
export class Services {
  readonly #children: ChildProcess[] = [];

  async start(name: 'service-a' | 'service-b' | 'engine-sim', settings: Settings): Promise<Service> {
    const env = { BIND_ADDRESS: '127.0.0.1', PORT: '0', LOG_PATH: 'none', MIN_PROCESS_SECONDS: '0', ...settings };
    const child = spawn(process.execPath, [`${BUNDLES}${name}.mjs`], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#children.push(child);
    let stderr = '';
    const port = await new Promise<string>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
        const [, found] = /listening on http:\/\/\S+:(\d+)/.exec(stderr) ?? [];
        if (found !== undefined) resolve(found);
      });
      child.once('exit', (code) => reject(new Error(`${name} ended with ${code}: ${stderr}`)));
    });
    return { url: `http://127.0.0.1:${port}`, terminate: () => void child.kill('SIGTERM') };
  }

  /** Likewise, and waits until it has its model. */
  async startReady(name: 'service-a' | 'service-b', settings: Settings): Promise<Service> {
    const service = await this.start(name, settings);
    const deadline = performance.now() + 30_000;
    for (let said = ''; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
      const ready = await fetch(`${service.url}/ready`);
      said = await ready.text();
      if (ready.ok) return service;
      if (performance.now() > deadline) throw new Error(`${name} is not ready: ${said}`);
    }
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }),
    );
  }
}
