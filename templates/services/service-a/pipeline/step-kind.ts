import type { Chunk } from '../../../../src/services/pipelines/documents.ts';
import type { Step } from '../../../../src/services/pipelines/pipeline.ts';
import type { Engine, EngineAnswer, EngineRun, TokenUsage } from '../../common/engine/engine.ts';
import type { Redact } from '../../common/redact.ts';
import type { GraphInput, StepOutput } from './graph.ts';
import type { Remotes } from './remote-step.ts';

/** One attempt of a step. */
interface StepCall {
  /** The step's inputs with their templates filled in; what the file leaves out is undefined. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly input: GraphInput;
  /** Whether this is the answer: the caller's sampling fields and limits are for it. */
  readonly isLeaf: boolean;
  readonly run: EngineRun;
}

/** What a step made. */
export interface StepResult {
  readonly output: StepOutput;
  /** Of a generation: the whole of it. */
  readonly answer?: Pick<EngineAnswer, 'text' | 'reasoning' | 'toolCalls' | 'refusal' | 'finishReason' | 'logprobs'> &
    Partial<Pick<EngineAnswer, 'engine'>>;
  /** From the attempt's beginning to its first piece, where it was read in pieces. */
  readonly firstTokenSeconds?: number | undefined;
  readonly usage?: TokenUsage;
  readonly model?: string | undefined;
  readonly host?: string | undefined;
  readonly simulated?: boolean;
  readonly address?: string | undefined;
  readonly attempts?: number;
}

/** A step that is ready to run. */
export interface StepRunner {
  /** Rejects with a `Problem` whose text begins with `call.run.who`. */
  run(call: StepCall): Promise<StepResult>;
  /** It works on the own engine, and needs a place there. */
  readonly usesEngine: boolean;
  /** The attempt's timeout is its own affair. */
  readonly keepsTime?: boolean;
  /** Of a step that makes vectors: for those that need them between runs. */
  readonly embedder?: Embedder;
  /** Why it cannot run yet. */
  readonly reason?: string | undefined;
  close?(): void;
}

export interface Embedder {
  /** Names model and service: vectors of two are not compared. */
  id(): string;
  embed(texts: readonly string[], run: EngineRun): Promise<readonly (readonly number[])[]>;
}

/** What steps work with. */
export interface StepDeps {
  readonly engine: Engine;
  /** With the engine's base URL and key, for what it speaks beside the routes of `Engine`. */
  readonly engineUrl: string;
  readonly engineHeaders: Readonly<Record<string, string>>;
  /** A's own model, and its settings for `/chain`. */
  readonly model: () => string;
  readonly defaults: { readonly numPredict: number; readonly numCtx: number; readonly temperature: number };
  /** The longest answer of a chat that names none, in tokens. */
  readonly defaultMaxTokens: number;
  /** This machine's name in answers. */
  readonly host: string;
  readonly remotes: Remotes;
  /** What its indexes hold, by step. */
  readonly chunks: Readonly<Record<string, readonly Chunk[]>>;
  /** Where vectors are kept between starts; undefined: nowhere. */
  readonly indexFolder: string | undefined;
  readonly warn: (line: string) => void;
  /** Hides what the pipeline's file has from the environment, and the keys of A, in texts of others. */
  readonly redact: Redact;
}

/** Another step of the same graph, for those that work with each other between runs. */
type OtherStep = (name: string) => StepRunner | undefined;

export type OpenStep = (step: Step, deps: StepDeps, other: OtherStep) => StepRunner;
