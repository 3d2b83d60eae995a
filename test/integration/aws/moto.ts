import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, test as base, beforeAll, beforeEach } from 'vitest';
import { ensureCloudTools, labObstacle } from '../../../lab/support.ts';

const run = promisify(execFile);

/** Credentials that no cloud accepts; no metadata service and no profile of this machine is asked. */
export const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLEEXAMPLE00',
  AWS_SECRET_ACCESS_KEY: 'example-secret-access-key',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nonexistent/config',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
};

export const REGION = 'eu-north-1';

function ubuntu(id: string, architecture: string, release: string) {
  const short = architecture === 'x86_64' ? 'amd64' : architecture;
  return {
    ami_id: id,
    name: `ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-${short}-server-${release}`,
    description: 'Canonical, Ubuntu, 24.04',
    owner_id: '099720109477',
    public: true,
    virtualization_type: 'hvm',
    architecture,
    state: 'available',
    platform: null,
    image_type: 'machine',
    hypervisor: 'xen',
    root_device_name: '/dev/sda1',
    root_device_type: 'ebs',
    sriov: 'simple',
    image_location: `amazon/${short}`,
  };
}

export const AMD64_IMAGE = 'ami-0a1b2c3d4e5f60001';
export const ARM64_IMAGE = 'ami-0a1b2c3d4e5f60002';
const IMAGES = [ubuntu(AMD64_IMAGE, 'x86_64', '20260101'), ubuntu(ARM64_IMAGE, 'arm64', '20260101')];

const obstacle = await labObstacle(false);

/** A test on moto: skipped where that cannot be had. */
export const test = base.skipIf(obstacle);

/** moto for the tests of this file: started before them, and emptied before each. */
export function motoForTests(): Moto {
  const moto = new Moto();
  beforeAll(() => moto.start());
  afterAll(() => moto.stop());
  beforeEach(() => moto.reset());
  return moto;
}

/** moto's EC2 on a free port of this machine, with its validation on. */
export class Moto {
  #url = '';
  #process: ChildProcess | undefined;
  #folder = '';
  #aws = '';

  get url(): string {
    return this.#url;
  }

  async start(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'chainctl-moto-'));
    const images = join(this.#folder, 'images.json');
    await writeFile(images, JSON.stringify(IMAGES));
    const tools = await ensureCloudTools();
    const child = spawn(tools.motoServer, ['-H', '127.0.0.1', '-p', '0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        PYTHONUNBUFFERED: '1',
        MOTO_AMIS_PATH: images,
        MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION: 'true',
        MOTO_ENABLE_KEYPAIR_VALIDATION: 'true',
        MOTO_ENABLE_AMI_VALIDATION: 'true',
      },
    });
    // It chooses the port and says which: one that was free a moment ago may be somebody else's by then.
    this.#process = child;
    this.#aws = tools.aws;
    this.#url = await new Promise<string>((resolve, reject) => {
      let said = '';
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`moto_server ended with ${code}: ${said}`)));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-4000);
        const at = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
        if (at !== undefined) resolve(at);
      });
    });
  }

  /** Forgets everything that was made. */
  async reset(): Promise<void> {
    await fetch(`${this.url}/moto-api/reset`, { method: 'POST' });
  }

  /** Asks with the AWS CLI, a reader of its own. */
  async aws(...args: readonly string[]) {
    const all = ['ec2', ...args, '--endpoint-url', this.url, '--region', REGION, '--output', 'json'];
    const { stdout } = await run(this.#aws, all, { env: { ...process.env, ...CREDENTIALS, AWS_PAGER: '' } });
    return stdout.trim() === '' ? undefined : JSON.parse(stdout);
  }

  async stop(): Promise<void> {
    if (this.#process?.exitCode === null) {
      this.#process.kill('SIGTERM');
      await once(this.#process, 'exit');
    }
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true });
  }
}
