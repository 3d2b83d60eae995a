import type { Value } from './template.ts';

/** How the next of several addresses is chosen, and when a name is looked up: contract 4.6. */
export const POLICIES = ['round-robin', 'least-latency', 'failover'] as const;
export const RESOLVES = ['once', 'each'] as const;

/** One step of a validated pipeline; what its kind takes beside the rest is in `inputs`. */
export interface Step {
  readonly name: string;
  readonly kind: string;
  /** What the kind speaks, where it speaks several things. */
  readonly shape: string | undefined;
  /** The steps that end before it begins. */
  readonly needs: readonly string[];
  readonly inputs: Readonly<Record<string, Value>>;
  /** Whole URLs, variables filled in. Empty: the own engine, or what the kind has instead. */
  readonly urls: readonly string[];
  readonly policy: (typeof POLICIES)[number] | undefined;
  readonly resolve: (typeof RESOLVES)[number] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Of one attempt; undefined where the file names none. */
  readonly timeoutMs: number | undefined;
  readonly retries: number;
  readonly retryOn: readonly (number | 'timeout')[];
  readonly onError: 'fail' | 'skip';
}

/** A validated graph of steps. */
export interface Pipeline {
  readonly name: string;
  /** Of a whole run; undefined where the file names none. */
  readonly timeoutMs: number | undefined;
  /** In the order of the file. */
  readonly steps: readonly Step[];
  /** The step whose text is the answer. */
  readonly leaf: string;
}

/** A model that a step wants of the own engine, and where its file says so: `chain.yaml:7:12`. */
export interface StepModel {
  readonly model: string;
  readonly step: string;
  readonly at: string;
}
