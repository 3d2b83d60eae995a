import type { Success } from '../../common/api/statistics.ts';
import type {
  ChatMessage,
  ChatOrder,
  Delta,
  EngineAnswer,
  EngineTiming,
  TokenUsage,
} from '../../common/engine/engine.ts';
import type { RequestScope } from '../../common/request-scope.ts';

/** What a run of the graph begins with. */
export interface GraphInput {
  /** The prompt, or the text of the last user message. */
  readonly text: string;
  /** A run of `/chain` has one user message. */
  readonly messages: readonly ChatMessage[];
  /** The system messages, joined with a blank line; empty where there are none. */
  readonly system: string;
  /** Sampling fields, limits and tools of a chat: for the leaf only. undefined for `/chain`. */
  readonly chat: Omit<ChatOrder, 'model' | 'messages'> | undefined;
}

export interface GraphContext {
  readonly scope: RequestScope;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Told each piece as it comes, with the step's name. The promise of a slow reader holds up that step's engine.
   * In a chat only the leaf's pieces come; in `/chain` those of every generating step.
   */
  readonly sink?: (step: string, deltas: readonly Delta[]) => Promise<void> | undefined;
  /** Told when the leaf begins. */
  readonly onLeaf?: () => void;
  /** Told when a step begins; what it returns is told how that ends. A step that is skipped has failed. */
  readonly onStep?: (step: string) => StepWatch | undefined;
  /** Told once, when no step of the own engine runs or is to come: its place is free. Not where the run fails before. */
  readonly onEngineFree?: () => void;
}

/** Hears the end of a step. */
export interface StepWatch {
  succeeded(figures: Success): void;
  failed(error: unknown): void;
}

/** What became of one step; in the form of the answers (`chainctl.steps`). */
export interface StepReport {
  readonly name: string;
  readonly model?: string;
  readonly host?: string;
  readonly seconds: number;
  readonly first_token_seconds?: number;
  readonly input_tokens?: number;
  readonly output_tokens?: number;
  readonly attempts?: number;
  readonly address?: string;
  /** The first 2000 characters, of steps other than the leaf. */
  readonly text?: string;
  /** Why a step with `on_error: skip` has no output. */
  readonly error?: string;
  readonly simulated?: true;
}

/** The outputs of a step, by name: `text`, `json`, `vector`, `vectors`, `documents`. */
export type StepOutput = Readonly<Record<string, unknown>>;

export interface GraphOutcome {
  readonly steps: readonly StepReport[];
  readonly outputs: Readonly<Record<string, StepOutput>>;
  /** The leaf's name, and its answer as far as it is a generation. */
  readonly leaf: string;
  readonly answer: Pick<EngineAnswer, 'text' | 'reasoning' | 'toolCalls' | 'refusal' | 'finishReason' | 'logprobs'>;
  /** The leaf's tokens, and those of all steps. */
  readonly usage: TokenUsage;
  readonly wholeUsage: TokenUsage;
  /** Seconds from the run's beginning until the leaf began, and the leaf. */
  readonly beforeLeafSeconds: number;
  readonly leafSeconds: number;
  /** From the run's beginning to the leaf's first piece. */
  readonly firstTokenSeconds: number | undefined;
  /** The host of the leaf, where it tells. */
  readonly host: string | undefined;
  readonly simulated: boolean;
  /** What the engine told of its time in each step that it answered. */
  readonly engine: Readonly<Record<string, EngineTiming | undefined>>;
}

/** A validated graph, ready to run. Rejections are `Problem`s whose `stage` is the step's name (contract texts). */
export interface Graph {
  readonly name: string;
  /** The graph of contract 4.3, which runs where no file is named. */
  readonly isBuiltIn: boolean;
  /** Its steps in their order, and which of them is the answer. */
  readonly steps: readonly { readonly name: string; readonly kind: string }[];
  readonly leaf: string;
  /** Models of the own engine that its steps name. */
  readonly models: readonly string[];
  run(input: GraphInput, context: GraphContext): Promise<GraphOutcome>;
  /** Why it cannot run yet (an index that is being built); undefined when it can. */
  readonly reason: string | undefined;
  /** Ends what it does between runs, and its connections. */
  close(): void;
}
