import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cli } from '../support/cli.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await Cli.open();
});
afterAll(() => cli.close());

const COMMANDS = ['deploy local', 'status', 'logs', 'smoke', 'load', 'teardown', 'unlock', 'rehearse'];

describe('help', () => {
  it('names every command', async () => {
    const { stdout, code } = await cli.run(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toContain(command.split(' ')[0]);
  });

  it.each(COMMANDS)('chainctl %s --help has a usage, examples and the shared flags', async (command) => {
    const { stdout, code } = await cli.run([...command.split(' '), '--help'], { env: { COLUMNS: '80' } });
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`USAGE\\s+\\$ chainctl ${command}`));
    expect(stdout).toMatch(new RegExp(`EXAMPLES\\s+\\$ chainctl ${command}`));
    for (const flag of ['--json', '--quiet', '--no-color', '--stack'])
      expect(stdout).toContain(flag.replace('--no-', '--[no-]'));
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});

describe('ways in', () => {
  it.each([
    [['-h'], /USAGE\s+\$ chainctl COMMAND|USAGE\s+\$ chainctl \[COMMAND\]/],
    [['help'], /USAGE\s+\$ chainctl \[?COMMAND/],
    [['help', 'load'], /USAGE\s+\$ chainctl load/],
    [['help', 'deploy', 'local'], /USAGE\s+\$ chainctl deploy local/],
    [['load', '-h'], /USAGE\s+\$ chainctl load/],
    [['version'], /^chainctl\/\d+\.\d+\.\d+ /],
    [['-v'], /^chainctl\/\d+\.\d+\.\d+ /],
    [['--version'], /^chainctl\/\d+\.\d+\.\d+ /],
  ])('chainctl %j answers', async (args, answer) => {
    const { code, stdout, stderr } = await cli.run(args);
    expect(stdout).toMatch(answer);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('writes default durations with their unit', async () => {
    const { stdout } = await cli.run(['load', '--help'], { env: { COLUMNS: '200' } });
    expect(stdout).toMatch(/--elastic-grow=\S+\s+\[default: 15m\]/);
    expect(stdout).toMatch(/--duration=\S+\s+\[default: 10s/);
  });

  it.each([
    [['load', '--rsp', '5'], 'load --rps 5'],
    [['deploy', 'gpc', '--dry-run'], 'deploy gcp --dry-run'],
    [['deploy', 'aws', '--auth', 'tokn'], 'deploy aws --auth token'],
    [['status', '--stakc', 'x'], 'status --stack x'],
    [['teardown', 'loca'], 'teardown local'],
    [['help', 'laod'], 'load --help'],
  ])('chainctl %j is answered with what was meant', async (args, meant) => {
    const { code, stderr } = await cli.run(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(new RegExp(`\n {2}-> did you mean: .*(chainctl|run\\.js) ${meant}\n`));
  });
});

describe('errors', () => {
  it.each([
    [['nonsense'], 2, /there is no command "nonsense"/],
    [['load', '--rps', '1,x'], 2, /at character 3/],
    [['load', '--duration', 'soon'], 2, /"soon" is not a duration: write for example/],
    [['deploy', 'local', '--replicas', '0'], 2, /"0" is out of range: it must be from 1 to/],
    [['deploy', 'local', '--engine', 'gpt'], 2, /Expected --engine=gpt to be one of: sim, ollama/],
    [['load', '--otlp', 'localhost:4318'], 2, /--otlp: "localhost:4318" is not an http or https URL/],
    [['smoke', '--target', 'ftp://x'], 2, /is not an http or https URL/],
    [['status', '--stack', 'Bad Name'], 2, /is not a stack name/],
    [['status', '--nonsense'], 2, /Nonexistent flag: --nonsense/],
    [['deploy', 'local', '--port-a', '9333', '--port-b', '9333'], 2, /cannot both have port 9333/],
    [
      ['deploy', 'aws', '--service', 'b', '--model-a', 'x'],
      2,
      /--model-a is for service A, and this deploys service B/,
    ],
    [['deploy', 'local', '--model-a', 'x y;rm'], 2, /is not a model's name/],
    [['deplyo', 'local'], 2, /there is no command "deplyo local"/],
    [['load'], 3, /has no service that answers at/],
    [['smoke'], 3, /nothing is deployed/],
    [['logs', 'a'], 3, /no logs of a/],
  ])('chainctl %j leaves with %i, a sentence, a next step and no stack trace', async (args, exit, message) => {
    const { code, stderr, stdout } = await cli.run(args);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^Error: /);
    expect(stderr).toMatch(/\n {2}-> /);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stderr).not.toMatch(/Parsing --|See more help/);
    expect(stdout).toBe('');
    expect(code).toBe(exit);
    const { envelope, code: again } = await cli.json(args);
    expect(again).toBe(exit);
    expect(envelope).toMatchObject({
      status: 'error',
      result: null,
      error: { exit, message: expect.stringMatching(message) },
    });
    expect(envelope.error.nextSteps.length).toBeGreaterThan(0);
    // No chainctl is on the path here: what is advised can be pasted all the same.
    expect(envelope.error.nextSteps.join('\n')).not.toMatch(/(^|[\s"])chainctl [a-z-]/);
  });

  it('shows a stack trace when asked', async () => {
    expect((await cli.run(['smoke', '--debug'])).stderr).toMatch(/\n\s+at /);
  });
});

describe('settings', () => {
  const config = () => join(cli.home, 'chainctl.yaml');

  it('takes flags over environment over chainctl.yaml over defaults', async () => {
    await writeFile(config(), 'deploy local:\n  replicas: 7\n  port-a: 0\n  port-b: 0\n');
    const replicas = async (args: string[], env = {}) => {
      const { envelope } = await cli.json(['deploy', 'local', '--dry-run', ...args], { env });
      return envelope.result.changes.filter(({ key }: { key: string }) => key.startsWith('b-')).length;
    };
    expect(await replicas([])).toBe(7);
    expect(await replicas([], { CHAINCTL_REPLICAS: '5' })).toBe(5);
    expect(await replicas(['--replicas', '2'], { CHAINCTL_REPLICAS: '5' })).toBe(2);
  });

  it('says with --debug where each setting comes from', async () => {
    await writeFile(config(), 'all:\n  stack: lab\ndeploy local:\n  replicas: 7\n  port-a: 0\n');
    const args = ['deploy', 'local', '--dry-run', '--debug', '--port-b', '0'];
    const { stderr } = await cli.run(args, { env: { CHAINCTL_MODEL_A: 'm' } });
    const said = (name: string) => new RegExp(`setting ${name} = (.*)`).exec(stderr)?.[1];
    expect(['stack', 'replicas', 'port-a', 'port-b', 'model-a', 'engine'].map(said)).toEqual([
      'lab (chainctl.yaml)',
      '7 (chainctl.yaml)',
      '0 (chainctl.yaml)',
      '0 (flag)',
      'm (CHAINCTL_MODEL_A)',
      'sim (default)',
    ]);
  });

  it.each([
    [
      'deploy local:\n  replica: 7\n',
      /chainctl\.yaml:2: deploy local\.replica is not a flag.*\n.*did you mean "replicas:"/,
    ],
    ['deploy local:\n  replicas: many\n', /chainctl\.yaml:2: --replicas: "many" is not a whole number/],
    ['load:\n  rsp: 1\n', /chainctl\.yaml:2: load\.rsp is not a flag.*\n.*did you mean "rps:"/],
    ['laod:\n  rps: 1\n', /chainctl\.yaml:\d: there is no command "laod"\n.*did you mean "load:"/],
    ['deploy local: [\n', /chainctl\.yaml:\d: /],
  ])('refuses %j with the place of the fault', async (text, message) => {
    await writeFile(config(), text);
    const { code, stderr } = await cli.run(['deploy', 'local', '--dry-run']);
    expect(stderr).toMatch(message);
    expect(code).toBe(3);
  });

  it('reads chainctl.yml, too, and refuses to choose between the two', async () => {
    await rm(config(), { force: true });
    const other = join(cli.home, 'chainctl.yml');
    await writeFile(other, 'all:\n  stack: lab\n');
    const stack = async () => (await cli.json(['deploy', 'local', '--dry-run'])).envelope.result?.stack;
    expect(await stack()).toBe('lab');
    await writeFile(config(), '');
    const { code, stderr } = await cli.run(['status']);
    expect(stderr).toMatch(/chainctl\.yaml: chainctl\.yml is there, too\n {2}-> keep one of them/);
    expect(code).toBe(3);
    await Promise.all([rm(other), rm(config())]);
  });

  it('reads the file that CHAINCTL_CONFIG_FILE names, and not the variable of another tool', async () => {
    const env = { CHAINCTL_CONFIG_FILE: 'nowhere.yaml' };
    expect((await cli.run(['status'], { env })).stderr).toMatch(/cannot read the configuration file nowhere\.yaml/);
    const { code, stderr } = await cli.run(['status'], { env: { CHAINCTL_CONFIG: 'nowhere.yaml' } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

it('gc names each cloud that it could not look at, and does not call nothing clean', async () => {
  const { code, stderr } = await cli.run(['gc', '--dry-run']);
  // Also as an event: what is said to a person can be pasted everywhere.
  const events = (await cli.run(['gc', '--dry-run', '--json'])).stderr;
  expect(events).toMatch(/^\{"type":"note".*see: node \S*run\.js doctor aws"\}$/m);
  expect(stderr).toMatch(/aws was not checked: .*credentials for AWS/);
  expect(stderr).toMatch(/gcp was not checked: .*credentials for Google Cloud/);
  expect(code).toBe(3);
});
