/** One instance of a group, as the group's owner reports it. */
export interface InstanceSample {
  readonly name: string;
  readonly zone?: string;
  /** What the group is doing with it: `NONE`, `CREATING`, `VERIFYING`, `RECREATING`, `DELETING`, ... */
  readonly action?: string;
  /** The machine's own state: `PROVISIONING`, `STAGING`, `RUNNING`, `STOPPING`, ... */
  readonly status?: string;
  /** What autohealing found: `HEALTHY`, `UNHEALTHY`, `TIMEOUT`, `DRAINING`, `UNKNOWN`. */
  readonly health?: string;
  /** What the load balancer found: `HEALTHY`, `UNHEALTHY`, `DRAINING`. */
  readonly backend?: string;
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

/** One look at a group. */
export interface GroupSample {
  /** When the look began, milliseconds since the epoch. */
  readonly at: number;
  /** How long it took until the group was seen, milliseconds: what is shown was so at some time within. */
  readonly tookMs?: number;
  readonly targetSize?: number;
  /** Whether the group has what it wants: no instance is being made, changed or removed. */
  readonly stable?: boolean;
  readonly instances: readonly InstanceSample[];
  readonly autoscaler?: {
    readonly status: string;
    readonly recommendedSize?: number;
    readonly min?: number;
    readonly max?: number;
    /** What it has to say for itself: `CAPPED_AT_MAX_NUM_REPLICAS`, ... */
    readonly details: readonly string[];
    /** It was not asked for this time: this is what an earlier look saw. */
    readonly retold?: boolean;
  };
  readonly errors: readonly GroupError[];
}

/** How many answers came from one host since the sample before. */
export interface HostCount {
  readonly host: string;
  readonly answers: number;
}

/** What a load offers and gets at the same time. */
export interface LoadSample {
  /** Requests per second that were to be sent. */
  readonly offeredRps: number;
  /** Right answers per second. */
  readonly okRps: number;
  readonly inFlight: number;
}

/** One row of a timeline: a look at the group, with what its clients saw. */
export interface ScaleSample {
  readonly group: GroupSample;
  /** Answers to `GET /health` through the group's address, by host. */
  readonly hosts: readonly HostCount[];
  /** How many of those questions nobody answered; undefined where none was asked, or asking itself failed. */
  readonly unanswered?: number;
  /** Hosts of right answers of the load, where one runs beside it. */
  readonly load?: LoadSample;
  /** How long all of the look took, milliseconds: hosts answered within. */
  readonly tookMs?: number;
  /** Why a part of this look is missing; the watch goes on. */
  readonly problem?: string;
}

/** A group that can be looked at: replicas on this machine, or a managed instance group. */
export interface GroupSource {
  readonly name: string;
  /** Where its clients find it; undefined where only the group is known. */
  readonly url?: string;
  /** @throws RemedyError when it can never be looked at: no credentials, no such group */
  sample(signal: AbortSignal): Promise<GroupSample>;
  close?(): Promise<void>;
}
