import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch, timed } from './tool-command.ts';

/** Milliseconds. */
interface Times {
  readonly p50: number;
  readonly p99: number;
}

/** What another generator for language models said of a streamed load, and cost. */
export interface LlmRun {
  readonly ok: number;
  readonly failed: number;
  /** From the sending to the first token. */
  readonly ttft?: Times | undefined;
  /** Between tokens. */
  readonly itl?: Times | undefined;
  readonly outputTokensPerSecond?: number | undefined;
  /** User and system, in seconds, of all its processes. */
  readonly cpuSeconds: number;
}

/** Streamed chats of a model that is called `m`, at a fixed rate. */
interface LlmLoad {
  /** Base URL; chats are at `/v1/chat/completions`. */
  readonly url: string;
  readonly rate: number;
  readonly seconds: number;
}

export interface LlmTool {
  readonly name: string;
  /** How it is installed, in words. */
  readonly install: string;
  /** @throws Error in a few words where it did not run */
  run(load: LlmLoad): LlmRun;
}

const MODEL = 'm';

/**
 * A tokenizer in a folder, since none can be fetched here: a word is a token. The target tells how many tokens it made, and
 * who uses that does not need this one.
 */
function tokenizer(): string {
  const folder = join(scratch(), 'tokenizer');
  mkdirSync(folder, { recursive: true });
  const unknown = '[UNK]';
  const vocab = Object.fromEntries([unknown, 'tok', ...words(2000)].map((word, id) => [word, id]));
  const none = { truncation: null, padding: null, normalizer: null, post_processor: null, decoder: null };
  const whole = { ...none, version: '1.0', added_tokens: [], pre_tokenizer: { type: 'Whitespace' } };
  const model = { type: 'WordLevel', vocab, unk_token: unknown };
  const config = { tokenizer_class: 'PreTrainedTokenizerFast', unk_token: unknown, pad_token: unknown };
  const files = {
    'tokenizer.json': { ...whole, model },
    'tokenizer_config.json': { ...config, eos_token: unknown, model_max_length: 100_000 },
    'config.json': { model_type: 'bert' },
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(content));
  return folder;
}

function words(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `w${index}`);
}

/** Prompts of a few words, one a line, under the name that a tool wants. */
function prompts(field: string): string {
  const file = join(scratch(), `prompts-${field}.jsonl`);
  const lines = words(200).map((word) => `${JSON.stringify({ [field]: `say something about ${word}` })}\n`);
  writeFileSync(file, lines.join(''));
  return file;
}

function output(): string {
  return mkdtempSync(join(scratch(), 'out-'));
}

function json(folder: string, name: string) {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
}

function guidellm({ url, rate, seconds }: LlmLoad): LlmRun {
  const folder = output();
  const command = [
    `guidellm run --backend kind=openai_http,target=${url},model=${MODEL} --profile kind=constant,rate=${rate}`,
    `--constraint kind=max_duration,seconds=${seconds} --tokenizer kind=hf_auto,model=${tokenizer()}`,
    `--data kind=json_file,path=${prompts('prompt')} --output kind=json,path=${folder}/report.json`,
    '--disable-console --disable-console-interactive',
  ].join(' ');
  const { cpuSeconds } = timed('guidellm', `HF_HUB_OFFLINE=1 ${command}`);
  const { metrics } = json(folder, 'report.json').benchmarks[0];
  const { successful, errored } = metrics.request_totals;
  const times = (name: string): Times | undefined => {
    const { count, percentiles } = metrics[name].successful;
    return count > 0 ? { p50: percentiles.p50, p99: percentiles.p99 } : undefined;
  };
  const outputTokensPerSecond = metrics.output_tokens_per_second.successful.mean;
  const [ttft, itl] = [times('time_to_first_token_ms'), times('inter_token_latency_ms')];
  return { ok: successful, failed: errored, ttft, itl, outputTokensPerSecond, cpuSeconds };
}

function aiperf({ url, rate, seconds }: LlmLoad): LlmRun {
  const folder = output();
  const command = [
    `aiperf profile --model ${MODEL} --url ${url} --endpoint-type chat --streaming --tokenizer ${tokenizer()}`,
    `--input-file ${prompts('text')} --custom-dataset-type single_turn --use-server-token-count --ui none`,
    `--request-rate ${rate} --arrival-pattern constant --request-count ${Math.round(rate * seconds)}`,
    `--artifact-dir ${folder}`,
  ].join(' ');
  const { cpuSeconds } = timed('aiperf', command);
  const said = json(folder, 'profile_export_aiperf.json');
  const times = (name: string): Times | undefined => said[name] && { p50: said[name].p50, p99: said[name].p99 };
  return {
    ok: said.request_count?.avg ?? 0,
    failed: said.error_request_count?.avg ?? 0,
    ttft: times('time_to_first_token'),
    itl: times('inter_token_latency'),
    outputTokensPerSecond: said.output_token_throughput?.avg,
    cpuSeconds,
  };
}

function inferencePerf({ url, rate, seconds }: LlmLoad): LlmRun {
  const folder = output();
  // YAML takes JSON.
  const config = {
    api: { type: 'chat', streaming: true },
    data: { type: 'mock' },
    load: { type: 'constant', stages: [{ rate, duration: seconds }], num_workers: 1 },
    server: { type: 'vllm', model_name: MODEL, base_url: url, ignore_eos: true },
    tokenizer: { pretrained_model_name_or_path: tokenizer() },
    storage: { local_storage: { path: folder } },
    report: { request_lifecycle: { summary: true, per_stage: false, per_request: false } },
  };
  const file = join(folder, 'config.yaml');
  writeFileSync(file, JSON.stringify(config));
  const { cpuSeconds } = timed('inference-perf', `inference-perf -c ${file}`);
  const { successes, failures } = json(folder, 'summary_lifecycle_metrics.json');
  const times = (name: string): Times | undefined => {
    const said = successes.latency[name];
    return said ? { p50: said.median * 1000, p99: said.p99 * 1000 } : undefined;
  };
  return {
    ok: successes.count,
    failed: failures.count,
    ttft: times('time_to_first_token'),
    itl: times('inter_token_latency'),
    outputTokensPerSecond: successes.throughput.output_tokens_per_sec,
    cpuSeconds,
  };
}

/** Other generators for language models; each in an environment of its own, since their needs differ. */
export const LLM_TOOLS: readonly LlmTool[] = [
  { name: 'guidellm', install: 'pipx install guidellm', run: guidellm },
  { name: 'AIPerf', install: 'pipx install aiperf', run: aiperf },
  { name: 'inference-perf', install: 'pipx install inference-perf', run: inferencePerf },
];
