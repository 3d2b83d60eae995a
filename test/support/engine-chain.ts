import { Cli } from './cli.ts';
import { MODEL_A, MODEL_B, type RealEngine } from './real-engine.ts';

/** What an engine told about one request, seconds. */
export interface EngineTimes {
  readonly total_seconds: number;
  readonly queue_seconds: number;
  readonly load_seconds: number;
  readonly prompt_seconds: number;
  readonly generation_seconds: number;
}

/** What of an answer of `/chain` is looked at. */
export interface ChainTimes {
  readonly status: number;
  readonly timing: {
    readonly a_local_seconds: number;
    readonly b_remote_seconds: number;
    readonly end_to_end_seconds: number;
    readonly queue_seconds: number;
    readonly engine: EngineTimes;
  };
  readonly b_result: {
    readonly timing: {
      readonly ollama_seconds: number;
      readonly total_seconds: number;
      readonly queue_seconds: number;
      readonly engine: EngineTimes;
    };
  };
}

const WORDS = 'The signal near the river bridge lost its connection twice, and eleven trains waited for an hour. ';

/** The built command with a home of its own, and chains that it deploys on a real engine. */
export class EngineChain {
  readonly engine: RealEngine;
  readonly cli: Cli;
  #prompts = 0;

  private constructor(engine: RealEngine, cli: Cli) {
    this.engine = engine;
    this.cli = cli;
  }

  /** @param engine which is closed with the chain */
  static async open(engine: RealEngine): Promise<EngineChain> {
    return new EngineChain(engine, await Cli.open());
  }

  /**
   * Deploys A and one B on free ports with `--engine ollama`; more arguments add to these or replace them.
   *
   * @throws Error with what the command said when it fails
   */
  async deploy(...more: readonly string[]): Promise<{ readonly a: string; readonly b: string }> {
    const result = await this.tryDeploy(...more);
    if (result.code !== 0) throw new Error(`deploy ended with ${result.code}: ${result.stdout}${result.stderr}`);
    return JSON.parse(result.stdout).result.endpoints;
  }

  tryDeploy(...more: readonly string[]) {
    const models = more.includes('--model-a') ? [] : ['--model-a', MODEL_A];
    if (!more.includes('--model-b')) models.push('--model-b', MODEL_B);
    const ports = ['--port-a', '0', '--port-b', '0', '--replicas', '1', '--min-process-seconds', '0'];
    return this.run('deploy', 'local', '--engine', 'ollama', ...models, ...ports, ...more, '--json');
  }

  /** Runs a command for whom `OLLAMA_HOST` is this engine. */
  run(...args: readonly string[]) {
    return this.cli.run(args, { env: { OLLAMA_HOST: this.engine.host } });
  }

  /**
   * Asks A with a prompt that it has not seen, above the least length; and again with another one where Ollama ended a
   * generation because its tokens repeat: of such an answer it tells no figures.
   *
   * @throws Error when no answer tells what the engine did
   */
  async ask(a: string, tries = 5): Promise<ChainTimes> {
    const prompt = `${this.#prompts++} cases. ${WORDS.repeat(12)}`;
    const response = await fetch(`${a}/chain`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt }),
    });
    const answer = (await response.json()) as Omit<ChainTimes, 'status'>;
    if (response.ok && !(answer.timing.engine && answer.b_result.timing.engine)) {
      if (tries > 1) return this.ask(a, tries - 1);
      throw new Error(`an answer without the engine's times: ${JSON.stringify(answer)}`);
    }
    return { ...answer, status: response.status };
  }

  async close(): Promise<void> {
    await this.cli.close();
    await this.engine.close();
  }
}
