import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { type SimulatedB, startSimulatedB } from '../../lab/simulated-b.ts';
import { labObstacle } from '../../lab/support.ts';
import { Cli } from '../support/cli.ts';
import { containersOf, type OwnMachine, startOwnMachine } from '../support/lab/own-machine.ts';

const obstacle = await labObstacle(true);
const SECRET = 'sentinel-of-the-lab-0123456789';

/** Notes are found in an index of A's own, and a chat of another service answers from them. */
const pipeline = (top: number) => `version: 1
name: notes
steps:
  embed:
    kind: embed
    shape: ollama
    model: nomic-embed-text
    input: "{{ input.text }}"
  retrieve:
    kind: index
    documents: docs.jsonl
    embed: embed
    top: ${top}
  answer:
    kind: chat
    url: \${NOTES_URL}/v1/chat/completions
    headers: { x-notes-key: "\${NOTES_KEY}" }
    system: "Answer from these notes only: {{ steps.retrieve.text }}"
    messages: "{{ input.messages }}"
    answer: true
`;

describe.skipIf(obstacle)(`a pipeline on a machine${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let lab: Lab;
  let other: SimulatedB;
  let cli: Cli;
  let folder: string;
  let file: string;
  let machine: OwnMachine;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chainctl-host-pipeline-'));
    cli = await Cli.open();
    file = join(folder, 'chain.yaml');
    await writeFile(file, pipeline(2));
    const documents = ['the knee is the highest rate', 'a token is a piece of text', 'a stack is what was deployed'];
    await writeFile(join(folder, 'docs.jsonl'), documents.map((text, id) => JSON.stringify({ id, text })).join('\n'));
    lab = await startLab({ vms: true });
    other = await startSimulatedB({ address: lab.gateway, addChild: lab.addChild });
    machine = await startOwnMachine(lab, folder);
  });
  afterAll(async () => {
    await cli?.close();
    await other?.stop();
    await lab?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const env = () => ({ NOTES_URL: other.url, NOTES_KEY: SECRET });
  const deploy = async (...args: string[]) => {
    const own = ['--service', 'a', '--b-url', other.url, '--host-key', machine.hostKey, '--pipeline', file];
    const { code, stderr, envelope } = await cli.jsonHere(['deploy', 'host', ...machine.flags, ...own, ...args], {
      env: env(),
    });
    expect(code, stderr).toBe(0);
    const { changes, endpoints } = envelope.result;
    const actions = Object.fromEntries(changes.map((each: { key: string; action: string }) => [each.key, each.action]));
    return { actions, base: String(endpoints.a), stderr };
  };
  const asked = async (base: string, text: string) => {
    const token = (await readFile(join(cli.home, 'stacks', 'default', 'secrets', 'token'), 'utf8')).trim();
    const answer = await fetch(`${new URL(base).origin}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ model: 'chain', messages: [{ role: 'user', content: text }] }),
    });
    const body = await answer.text();
    expect(answer.status, body).toBe(200);
    return JSON.parse(body).chainctl.steps as { name: string; address?: string; text?: string }[];
  };

  it('is refused by its line before anything is done to the machine', async () => {
    await writeFile(file, pipeline(2).replace('embed: embed', 'embed: embd'));
    const args = ['--service', 'a', '--b-url', other.url, '--host-key', machine.hostKey, '--pipeline', file];
    const { code, envelope } = await cli.jsonHere(['deploy', 'host', ...machine.flags, ...args], { env: env() });
    expect([code, envelope.error.code]).toEqual([2, 'pipeline-invalid']);
    expect(envelope.error.message).toContain('chain.yaml:12:12: step "retrieve" needs "embd", which does not exist');
    await writeFile(file, pipeline(2));
  });

  it('runs there, with its index and an address elsewhere, and passes the smoke test by its name', async () => {
    const { actions, base } = await deploy();
    expect(actions).toEqual({ 'host-a': 'create', 'service-a': 'create' });
    expect([...(await containersOf(machine.vm)).keys()].sort()).toEqual(['ollama', 'service']);
    const steps = await asked(base, 'what is the knee, the highest rate?');
    expect(steps.map(({ name }) => name)).toEqual(['embed', 'retrieve', 'answer']);
    expect(steps[1]?.text?.split('\n\n')).toHaveLength(2);
    expect(steps[1]?.text).toMatch(/^the knee is the highest rate/);
    expect(steps[2]?.address).toContain(`:${other.port}/`);
    const smoke = await cli.jsonHere(['smoke', '--target', base]);
    expect(smoke.code, smoke.stderr).toBe(0);
    const actual = (id: string) =>
      smoke.envelope.result.checks.find((each: { id: string }) => each.id === id).actual as string;
    expect(actual('a-health')).toContain('runs the pipeline "notes" (embed, retrieve, answer), which asks no B');
    expect(actual('chain')).toMatch(/^200 from the pipeline "notes": embed [\d.]+ s, retrieve [\d.]+ s, answer/);
  });

  it('is left alone while nothing differs, and is changed with A alone', async () => {
    const before = await containersOf(machine.vm);
    const same = await deploy();
    expect(same.actions).toEqual({ 'host-a': 'unchanged', 'service-a': 'unchanged' });
    expect(await containersOf(machine.vm)).toEqual(before);
    await writeFile(file, pipeline(1));
    const { actions, base } = await deploy();
    expect(actions).toEqual({ 'host-a': 'unchanged', 'service-a': 'update' });
    const after = await containersOf(machine.vm);
    expect(after.get('ollama')).toBe(before.get('ollama'));
    expect(after.get('service')).not.toBe(before.get('service'));
    const [, found] = await asked(base, 'what is the knee, the highest rate?');
    expect(found?.text).toBe('the knee is the highest rate');
    // New documents are those of the same file.
    await writeFile(join(folder, 'docs.jsonl'), '{"text": "a knee is a joint"}\n');
    expect((await deploy()).actions).toEqual({ 'host-a': 'unchanged', 'service-a': 'update' });
    const [, joint] = await asked(base, 'what is the knee, the highest rate?');
    expect(joint?.text).toBe('a knee is a joint');
  });

  it('has its secret in no record, no argument and no log', async () => {
    for (const name of ['state.json', 'audit.jsonl']) {
      expect(await readFile(join(cli.home, 'stacks', 'default', name), 'utf8')).not.toContain(SECRET);
    }
    const { vm } = machine;
    const service = (await containersOf(vm)).get('service') as string;
    expect(await vm.exec('docker', 'inspect', service)).not.toContain(SECRET);
    expect(await vm.exec('sh', '-c', `docker logs ${service} 2>&1`)).not.toContain(SECRET);
    const holding = (await vm.exec('grep', '-rl', SECRET, '/opt/chainctl')).trim().split('\n');
    expect(holding).not.toEqual(['']);
    for (const path of holding) {
      const read = `su -s /bin/sh nobody -c 'cat ${path}' 2>&1 || true`;
      expect(await vm.exec('sh', '-c', read)).toContain('Permission denied');
    }
  });

  it('goes back to the graph that is built in, and leaves nothing', async () => {
    const args = ['--service', 'a', '--b-url', other.url];
    const plain = await cli.jsonHere(['deploy', 'host', ...machine.flags, ...args]);
    expect(plain.code, plain.stderr).toBe(0);
    const steps = await asked(plain.envelope.result.endpoints.a, 'hello');
    expect(steps.map(({ name }) => name)).toEqual(['a', 'b']);
    const { code, envelope } = await cli.jsonHere(['teardown', 'host', '--yes']);
    expect(code).toBe(0);
    expect(envelope.result.targets[0].removed).toContain('service-a');
    expect(await containersOf(machine.vm)).toEqual(new Map());
    expect(await machine.vm.exec('docker', 'volume', 'ls', '--quiet')).toBe('');
    expect(await machine.vm.exec('sh', '-c', 'ls /opt')).not.toContain('chainctl');
  });
});
