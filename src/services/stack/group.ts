/** How far an instance has come, in the order in which it gets there; then `leaving`. */
export const STAGES = ['creating', 'running', 'healthy', 'serving', 'leaving'] as const;

export type Stage = (typeof STAGES)[number];

/** One instance of a group, as the group's owner reports it. */
export interface InstanceSample {
  readonly name: string;
  readonly zone?: string;
  /**
   * The furthest stage that is known of: `running` where nobody tells of health, `serving` for a healthy one where
   * nothing tells who is given requests. One that is replaced under its own name is not `leaving`.
   */
  readonly stage: Stage;
  /** It runs, nothing is being done with it, and it is not healthy. */
  readonly unwell?: boolean;
  /** What its owner says of it, in its own words, by what they are about. For a person: nothing is decided by them. */
  readonly detail?: Readonly<Record<string, string>>;
  /** When it was made, milliseconds since the epoch; the first sample that shows it, where nothing better is known. */
  readonly createdAt?: number;
  /** The template it was made from: tells old from new in a rolling replace. */
  readonly template?: string;
}

/** Something that went wrong in the group, in its own words. */
export interface GroupError {
  /** Milliseconds since the epoch, where the group tells. */
  readonly at?: number;
  readonly code: string;
  readonly message: string;
  readonly instance?: string;
}

/** A group, as one poll saw it. */
export interface GroupSample {
  /** When the poll began, milliseconds since the epoch. */
  readonly at: number;
  /** How long it took until the group was seen, milliseconds: what is shown was so at some time within. */
  readonly tookMs?: number;
  readonly targetSize?: number;
  /** Whether the group has what it wants: no instance is being made, changed or removed. */
  readonly stable?: boolean;
  readonly instances: readonly InstanceSample[];
  /** Whether anybody tells which instances are healthy: the group itself, or the load balancer in front of it. */
  readonly healthKnown?: boolean;
  readonly autoscaler?: {
    readonly status: string;
    readonly recommendedSize?: number;
    readonly min?: number;
    readonly max?: number;
    /** What it has to say for itself: `CAPPED_AT_MAX_NUM_REPLICAS`, ... */
    readonly details: readonly string[];
    /** It was not asked for this time: this is what an earlier poll saw. */
    readonly stale?: boolean;
  };
  readonly errors: readonly GroupError[];
}

/** A group that can be polled: replicas on this machine, or machines that a cloud scales. */
export interface GroupSource {
  readonly name: string;
  /** Where its clients find it; undefined where only the group is known. */
  readonly url?: string;
  /** @throws RemedyError when it can never be seen: no credentials, no such group */
  sample(signal: AbortSignal): Promise<GroupSample>;
  close?(): Promise<void>;
}
