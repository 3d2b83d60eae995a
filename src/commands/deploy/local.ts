import { Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../../base-command.ts';
import { durationFlag, integerFlag, modelFlag, numberFlag } from '../../config/flags.ts';
import { tuningFlags, tuningOf } from '../../config/tuning-flags.ts';
import { localBundles, pathsOf, processDeps, stackDeps } from '../../operator.ts';
import { DEFAULT_CONCURRENCY } from '../../services/chain/tuning.ts';
import { deployLocal } from '../../services/targets/local/deploy.ts';
import { ollamaUrl } from '../../services/targets/local/ollama.ts';
import type { LocalRequest } from '../../services/targets/local/request.ts';
import { MAX_REPLICAS } from '../../services/targets/local/target.ts';
import { renderDeployment } from '../../ui/render-stack.ts';

export default class DeployLocal extends BaseCommand<typeof DeployLocal> {
  static override summary = 'bring the chain up on this machine: A, replicas of B, and an engine';
  static override description =
    `The services run as background processes that outlive this command; their logs are in the stack's folder.
With the simulated engine nothing is downloaded, and every figure is labelled as simulated.
With --engine ollama --concurrency should be that Ollama's OLLAMA_NUM_PARALLEL (1 unless you set it), which it does not tell.
Run it again to change what differs: what is as wanted is left alone.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --replicas 5 --min-process-seconds 0.2',
    '<%= config.bin %> <%= command.id %> --engine ollama --model-b phi3:mini',
    '<%= config.bin %> <%= command.id %> --engine ollama --num-ctx 4096 --num-predict b=256',
    '<%= config.bin %> <%= command.id %> --dry-run --json',
  ];
  static override flags = {
    replicas: integerFlag({
      description: 'how many B there are',
      default: 3,
      min: 1,
      max: MAX_REPLICAS,
      env: 'CHAINCTL_REPLICAS',
    }),
    engine: Flags.option({
      description: 'what answers the prompts',
      options: ['sim', 'ollama'] as const,
      default: 'sim',
      env: 'CHAINCTL_ENGINE',
    })(),
    'model-a': modelFlag({ description: "A's model", default: 'tinyllama', env: 'CHAINCTL_MODEL_A' }),
    'model-b': modelFlag({ description: "B's model", default: 'phi3:mini', env: 'CHAINCTL_MODEL_B' }),
    'min-process-seconds': durationFlag({
      description: 'B never answers earlier than this',
      default: 5,
      min: 0,
      max: 3600,
      env: 'CHAINCTL_MIN_PROCESS_SECONDS',
    }),
    ...tuningFlags,
    auth: Flags.option({
      description: 'token: A and B refuse who does not send the token of the stack; smoke and load send it',
      options: ['none', 'token'] as const,
      default: 'none',
      env: 'CHAINCTL_AUTH',
    })(),
    'port-a': integerFlag({
      description: "A's port; 0 for any free one",
      default: 8001,
      min: 0,
      max: 65_535,
      env: 'CHAINCTL_PORT_A',
    }),
    'port-b': integerFlag({
      description: 'port of the proxy in front of B; 0 for any free one',
      default: 8080,
      min: 0,
      max: 65_535,
      env: 'CHAINCTL_PORT_B',
    }),
    'sim-output-tokens': numberFlag({
      description: 'simulated engine: output tokens per second, shared by all slots',
      default: 1200,
      min: 0.001,
      env: 'CHAINCTL_SIM_OUTPUT_TOKENS',
    }),
    'sim-prompt-tokens': numberFlag({
      description: 'simulated engine: prompt tokens per second',
      default: 20_000,
      min: 0.001,
      env: 'CHAINCTL_SIM_PROMPT_TOKENS',
    }),
    'sim-parallel': integerFlag({
      description: `simulated engine: slots of each model [default: --concurrency, else ${DEFAULT_CONCURRENCY}]`,
      min: 1,
      max: 1024,
      env: 'CHAINCTL_SIM_PARALLEL',
    }),
    'dry-run': Flags.boolean({ description: 'show the plan and change nothing' }),
  };

  protected async perform({ emit, signal }: CommandContext): Promise<CommandOutcome> {
    const { flags } = this;
    const tuning = { a: tuningOf(flags, 'a'), b: tuningOf(flags, 'b') };
    const request: LocalRequest = {
      replicas: flags.replicas,
      engine: flags.engine,
      modelA: flags['model-a'],
      modelB: flags['model-b'],
      minProcessSeconds: flags['min-process-seconds'],
      auth: flags.auth,
      portA: flags['port-a'],
      portB: flags['port-b'],
      ollamaUrl: flags.engine === 'ollama' ? ollamaUrl(process.env.OLLAMA_HOST) : '',
      ...(tuning.a === undefined && tuning.b === undefined ? {} : { tuning }),
      sim: {
        outputTokensPerSecond: flags['sim-output-tokens'],
        promptTokensPerSecond: flags['sim-prompt-tokens'],
        parallel:
          flags['sim-parallel'] ??
          Math.max(tuning.a?.concurrency ?? DEFAULT_CONCURRENCY, tuning.b?.concurrency ?? DEFAULT_CONCURRENCY),
      },
    };
    const paths = pathsOf(this.stack);
    const [stack, bundles] = await Promise.all([stackDeps(emit, signal), localBundles()]);
    const deps = { ...stack, bundles, processes: processDeps(paths) };
    const deployment = await deployLocal(paths, request, { dryRun: flags['dry-run'] }, deps);
    return { result: deployment, text: renderDeployment(deployment) };
  }
}
