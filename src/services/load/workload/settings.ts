import type { DatasetRef } from './dataset.ts';
import type { Lengths } from './lengths.ts';
import type { TokenScale } from './token-scale.ts';
import type { TraceRef } from './trace.ts';

/** What requests of one kind ask for. Nothing of it is text of a prompt: it stands in the manifest as it is. */
export interface AskSettings {
  /** Synthetic prompts of such lengths; without it and a data set, the load's prompt. */
  readonly inputTokens?: Lengths;
  /** Most tokens of an answer. */
  readonly maxTokens?: Lengths;
  readonly dataset?: DatasetRef;
  /** Default: shuffled. */
  readonly datasetOrder?: 'shuffle' | 'file';
  /** Tokens that the prompts have in common before what differs. */
  readonly sharedPrefixTokens?: number;
}

/** Requests of one kind among several. */
interface MixClass extends AskSettings {
  readonly name: string;
  readonly weight: number;
}

/**
 * What the requests of a load ask, where it is not one prompt for all. Data sets and traces are named with their digests:
 * every generator reads them for itself.
 */
export interface WorkloadSettings extends AskSettings {
  /** `same`: no marks, so that what comes again is the same to the letter. */
  readonly prompts?: 'unique' | 'same';
  readonly mix?: readonly MixClass[];
  readonly trace?: TraceRef;
  /** How many characters the target makes a token of; absent: the usual. */
  readonly tokens?: TokenScale;
}
