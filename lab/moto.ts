import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './query.ts';

const START_DEADLINE_MS = 60_000;
const AMIS = new URL('ubuntu-amis.json', import.meta.url).pathname;

/** moto's EC2 API in a process of its own. Keeps everything in memory. */
export interface Moto {
  readonly pid: number;
  /**
   * Forwards a call.
   *
   * @param authorization the header of a signed request: moto takes the region from it
   */
  call(body: string, authorization: string): Promise<Answer>;
  stop(): Promise<void>;
}

/** @param program path of `moto_server` */
export async function startMoto(program: string): Promise<Moto> {
  const port = await freePort();
  const env = {
    ...process.env,
    MOTO_AMIS_PATH: AMIS,
    MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION: 'true',
    MOTO_ENABLE_KEYPAIR_VALIDATION: 'true',
    MOTO_ENABLE_AMI_VALIDATION: 'true',
  };
  const child = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_DEADLINE_MS;
  while (!(await answers(`${url}/moto-api/data.json`))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`moto_server does not start: ${said}`);
    }
    await sleep(50);
  }
  return {
    pid: child.pid as number,
    async call(body, authorization) {
      const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
      const response = await fetch(url, { method: 'POST', body, headers });
      return { status: response.status, body: await response.text() };
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
