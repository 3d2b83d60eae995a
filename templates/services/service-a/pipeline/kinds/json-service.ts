import type { Step } from '../../../../../src/services/pipelines/pipeline.ts';
import type { EngineRun } from '../../../common/engine/engine.ts';
import { engineSays } from '../../../common/engine-error.ts';
import { UpstreamError } from '../../../common/upstream.ts';
import type { Remotes } from '../remote-step.ts';
import { StepProblem } from '../step-problem.ts';
import { addressesOf, TIMEOUT_MS } from './remote.ts';

/** What a JSON service answered with a good status. */
interface JsonAnswer {
  /** undefined where it is no JSON. */
  readonly json: unknown;
  readonly text: string;
  readonly address: string;
  readonly attempts: number;
}

export interface JsonService {
  /** Rejects with a `Problem` for whatever is no good status. */
  ask(body: unknown, run: EngineRun): Promise<JsonAnswer>;
  close(): void;
}

const MOST_BODY = 16 << 20;

/** The service that a step names: its answers' statuses are always looked at. */
export function jsonService(step: Step, remotes: Remotes): JsonService {
  const remote = remotes.json(addressesOf(step));
  const timeoutMs = step.timeoutMs ?? TIMEOUT_MS;
  return {
    async ask(body, { scope, who, headers = {}, onResend }) {
      const sent = JSON.stringify(body);
      if (sent.length > MOST_BODY) throw new StepProblem(502, `${who} error: its request is larger than 16 MiB`);
      const reply = await remote.post(sent, { scope, timeoutMs, headers, onResend }).catch((error: unknown) => {
        if (!(error instanceof UpstreamError)) throw error;
        const isLate = error.kind === 'timeout';
        const problem = new StepProblem(
          isLate ? 504 : 502,
          `${who} error: ${error.message}`,
          isLate ? 'timeout' : undefined,
        );
        throw Object.assign(problem, { unbegun: error.unreached });
      });
      const { status, text, address, attempts } = reply;
      if (status < 200 || status > 299) {
        throw new StepProblem(status === 504 ? 504 : 502, `${who} error: ${engineSays(reply)}`, status);
      }
      return { json: parse(text), text, address, attempts };
    },
    close: () => remote.close(),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The list in a field of an answer. @throws StepProblem where there is none */
export function listIn(answer: unknown, field: string, who: string): readonly unknown[] {
  const list = typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>)[field] : undefined;
  if (Array.isArray(list)) return list;
  throw new StepProblem(502, `${who} error: answered with something that has no list "${field}"`);
}
