/** One functional check of the chain: what was expected, what came, and what to do when they differ. */
export interface CheckResult {
  /** Stable machine-readable name, e.g. `b-invoke`. */
  readonly id: string;
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly seconds: number;
  readonly expected: string;
  readonly actual: string;
  /** What the operator can do about a failure or a skip. */
  readonly remedy?: string;
}

export interface SmokeReport {
  readonly target: string;
  readonly bUrl?: string;
  /** True when the engine behind the chain is the simulated one. */
  readonly simulated: boolean;
  readonly checks: readonly CheckResult[];
  /** Answers per host of B over the repeated health checks. */
  readonly hosts: Readonly<Record<string, number>>;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}
