import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cli } from '../support/cli.ts';
import { LLAMA_MODEL, LlamaServer, NO_LLAMA_SERVER } from '../support/llama-server.ts';

let llama: LlamaServer;
let cli: Cli;
beforeEach(async () => {
  [llama, cli] = await Promise.all([LlamaServer.open(), Cli.open()]);
});
afterEach(async () => {
  await cli?.close();
  await llama?.close();
});

const PORTS = ['--port-a', '0', '--port-b', '0', '--replicas', '1', '--min-process-seconds', '0'];

describe.skipIf(NO_LLAMA_SERVER)(
  `a chain on a real llama-server${NO_LLAMA_SERVER ? ` (${NO_LLAMA_SERVER})` : ''}`,
  () => {
    it('is deployed, passes every check of smoke, is measured with streams, and is taken down', async () => {
      const engine = ['--engine', 'openai', '--engine-url', llama.url];
      const up = await cli.json(['deploy', 'local', ...engine, ...PORTS]);
      expect(up.code, up.stdout + up.stderr).toBe(0);
      expect(await cli.running()).toEqual(['a', 'b-1', 'proxy']);

      const smoke = await cli.json(['smoke']);
      const { checks } = smoke.envelope.result;
      // It embeds nothing, as it was started; everything else it can.
      expect(checks.filter(({ status }: { status: string }) => status !== 'passed')).toEqual([]);
      expect(smoke).toMatchObject({ code: 0, envelope: { status: 'ok', result: { simulated: false } } });

      const load = ['load', '--stream', '--rps', '1', '--duration', '6s', '--warmup', '0', '--timeout', '120s'];
      const loaded = await cli.json(load);
      // Whether this machine keeps up is no matter of this test, and decides the exit code.
      const [point] = loaded.envelope.result.points;
      expect(point.outcomes, loaded.stdout).toMatchObject({ ok: point.sent });
      expect(point.tokens.output).toBeGreaterThan(point.sent);

      const chat = ['load', '--target', `${llama.url}/v1/chat/completions`, ...load.slice(1)];
      const direct = await cli.json([...chat, '--max-tokens', '8']);
      const [own] = direct.envelope.result.points;
      expect(own.outcomes, direct.stdout).toMatchObject({ ok: own.sent });
      expect(own.tokens.estimated ?? 0).toBe(0);

      const down = await cli.json(['teardown', '--yes']);
      expect(down.code, down.stdout + down.stderr).toBe(0);
      expect(await cli.running()).toEqual([]);
      // It is not the deploy's to end.
      expect(await llama.busy()).toBe(0);
    });

    it('is told of a model that the server has not before anything is started', async () => {
      const engine = ['--engine', 'openai', '--engine-url', llama.url, '--model-b', 'other.gguf'];
      const refused = await cli.json(['deploy', 'local', ...engine, ...PORTS]);
      expect(refused.code).toBe(3);
      expect(refused.envelope.error.message).toContain(`has no model other.gguf; it has ${LLAMA_MODEL}`);
      expect(await cli.running()).toEqual([]);
    });
  },
);
