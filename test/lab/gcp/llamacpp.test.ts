import { createHash, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { containerMachines } from '../../../lab/gcp/container-machines.ts';
import { type Gcp, startGcp } from '../../../lab/gcp/gcp.ts';
import { haproxyBalancers } from '../../../lab/gcp/haproxy-balancers.ts';
import { Session } from '../../../lab/session.ts';
import { labObstacle } from '../../../lab/support.ts';
import { prepareVmHost } from '../../../lab/vms.ts';
import { HostSessions } from '../../../src/services/machine/sessions.ts';
import { loadHostTemplates } from '../../../src/services/machine/templates.ts';
import { bootOf } from '../../../src/services/targets/gcp/boot/boot.ts';
import { GcpStack } from '../../integration/gcp/gcp-stack.ts';

const obstacle = await labObstacle(true);
const folderOf = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

const TOKEN = 'sentinel-token-0123456789abcdef';
const PROMPT = 'The same sentence until it is long enough for service B to accept it. '.repeat(20);
const MODEL = Buffer.concat([Buffer.from('GGUF'), randomBytes(1_000_000)]);

describe.skipIf(obstacle)(`a group with llama.cpp${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let session: Session;
  let gcp: Gcp;
  let stack: GcpStack;
  let models: Server;
  let downloads = 0;
  const sessions = new HostSessions();

  beforeAll(async () => {
    session = await Session.open();
    const machines = await containerMachines(session, await prepareVmHost(session));
    gcp = await startGcp({ machines, balancers: haproxyBalancers(session), timings: { secondMs: 100 } });
    stack = await GcpStack.open(gcp);
    models = createServer((_incoming, outgoing) => {
      downloads++;
      outgoing.writeHead(200, { 'content-length': MODEL.length, etag: '"1"' }).end(MODEL);
    });
    // The machines reach this one at the gateway of their network.
    await new Promise<void>((resolve) => models.listen(0, session.address(1), resolve));
  });
  afterAll(async () => {
    models?.close();
    await sessions.close();
    await stack?.close();
    await gcp?.stop();
    await session?.close();
  });

  const deploy = async (bake: boolean) => {
    const templates = await loadHostTemplates(folderOf('templates'), folderOf('dist/templates'));
    const { compute } = stack.deps;
    const sha256 = createHash('sha256').update(MODEL).digest('hex');
    const url = `http://${session.address(1)}:${(models.address() as AddressInfo).port}/tiny.gguf`;
    const services = { b: { model: 'tiny.gguf', minProcessSeconds: 0.1, download: { url, sha256 } } };
    const deployment = await stack.deploy(
      { auth: 'token', readySeconds: 150, bake, llama: {}, services },
      {
        boot: (input) => bootOf(input, { compute, paths: stack.paths, templates, sessions }),
        token: async () => TOKEN,
      },
    );
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` };
    const body = JSON.stringify({ prompt: PROMPT });
    const answer = await fetch(`${deployment.endpoints.b}/invoke`, { method: 'POST', headers, body });
    return [answer.status, await answer.json()] as const;
  };

  it('downloads the model at boot, and serves', async () => {
    expect(await deploy(false)).toMatchObject([200, { service: 'b', model: 'tiny.gguf' }]);
    expect(downloads).toBe(1);
  });

  it('finds it in a baked image, whose builder alone downloads it', async () => {
    expect(await deploy(true)).toMatchObject([200, { service: 'b', model: 'tiny.gguf' }]);
    expect(downloads).toBe(2);
  });
});
