/** What a group did under an elastic profile. */
export interface ElasticOutcome {
  readonly group: string;
  /** Instances that served at the beginning, at most, and at the end. */
  readonly startSize: number;
  readonly peakSize: number;
  readonly endSize: number;
  /** How long before the last decision the group was last seen, seconds, where that is more than a step ago. */
  readonly unseenSeconds?: number;
  /** The size that was to be reached, where it is known. */
  readonly size?: number;
  /** Whether it was as small at the end as it shall be; undefined where the profile did not get that far. */
  readonly scaledIn?: boolean;
  /** The phases in order: when each began (milliseconds since the epoch), at which rate and why. */
  readonly phases: readonly {
    readonly name: string;
    readonly at: number;
    readonly rate: number;
    readonly why?: string;
  }[];
}
