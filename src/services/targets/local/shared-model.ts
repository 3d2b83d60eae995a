import { type RemedyError, remedy } from '../../../errors.ts';
import { canonicalModelName } from '../../chain/model-name.ts';
import type { ServiceDefinition } from '../../workloads/service-definition.ts';

/** What Ollama runs for a name. Requests for one file with other settings make it load the file again. */
export interface ModelFile {
  /** Digest of the weights: Ollama keeps one runner for them, whatever names they have. */
  readonly blob: string;
  /** What else belongs to the runner: adapters, projectors, and those parameters that are fixed when it is loaded. */
  readonly settings: string;
}

/** The model of a service, as it is asked for. */
export interface ModelOfService {
  readonly service: Pick<ServiceDefinition, 'name' | 'defaults'>;
  readonly model: string;
  /** The context that the operator asked for, tokens. */
  readonly numCtx?: number | undefined;
  /** Where the engine tells it. */
  readonly file?: ModelFile | undefined;
}

/**
 * The context that two services both have to have, since their model is one on the same engine: with two contexts it would be
 * loaded again for every request. Pure.
 *
 * @returns tokens and why, for a person; undefined when their models differ, or their contexts do not
 * @throws RemedyError (exit 2) when two different contexts were asked for, or the two names fix other differences
 */
export function sharedContext(
  a: ModelOfService,
  b: ModelOfService,
): { readonly numCtx: number; readonly note: string } | undefined {
  const [one, two] = [a, b].map(({ service }) => service.name.toUpperCase());
  const oneName = canonicalModelName(a.model) === canonicalModelName(b.model);
  if (!oneName && (a.file === undefined || a.file.blob !== b.file?.blob)) return undefined;
  const what = oneName
    ? `${one} and ${two} have the same model, ${a.model}`
    : `${a.model} and ${b.model} are the same file`;
  const reason = `${what}: the engine keeps it loaded once, and would load it again at every hop`;
  if (a.file !== undefined && b.file !== undefined && a.file.settings !== b.file.settings) {
    const settings = [a, b].map(({ model, file }) => `${model}: ${file?.settings.replaceAll('\n', ', ') || 'none'}`);
    throw refusal(`${reason}, since their settings differ (${settings.join('; ')})`, [
      `give ${one} and ${two} one name: --model-${a.service.name} ${b.model}`,
    ]);
  }
  const [own = 0, other = 0] = [a, b].map(({ numCtx, service }) => numCtx ?? service.defaults.numCtx);
  if (own === other) return undefined;
  const numCtx = Math.max(own, other);
  if (a.numCtx !== undefined && b.numCtx !== undefined) {
    throw refusal(`${reason} with --num-ctx ${a.service.name}=${own},${b.service.name}=${other}`, [
      `give both the larger context: --num-ctx ${numCtx}`,
      `or give them different models with --model-${a.service.name} and --model-${b.service.name}`,
    ]);
  }
  return { numCtx, note: `${reason} if their contexts differed: both get ${numCtx} tokens` };
}

function refusal(message: string, nextSteps: readonly string[]): RemedyError {
  return remedy.usage('one-model-two-contexts', message, nextSteps);
}

/** Parameters of Ollama's runner; all others belong to a request. */
const RUNNER_PARAMETER = /^(num_batch|num_gpu|main_gpu|use_mmap|num_thread)\s/;

/**
 * Reads what `/api/show` tells. Pure.
 *
 * @returns undefined where it names no file: not a model that Ollama runs itself
 * @see server/sched.go of Ollama 0.17.4, needsReload
 */
export function readModelFile(modelfile: string, parameters: string): ModelFile | undefined {
  const [weights, ...others] = modelfile.split('\n').filter((line) => /^(FROM|ADAPTER) /.test(line));
  const [blob] = /sha256[-:][0-9a-f]{64}/.exec(weights ?? '') ?? [];
  if (blob === undefined) return undefined;
  const fixed = parameters.split('\n').filter((line) => RUNNER_PARAMETER.test(line));
  const settings = [...others, ...fixed].map((line) => line.trim().replace(/\s+/g, ' ')).sort();
  return { blob: blob.replace(':', '-'), settings: settings.join('\n') };
}
