/** How long things take in the lab. Durations are in milliseconds. */
export interface Timings {
  /** One second of those that resources count in: cool-down, initial delay, check interval. */
  readonly secondMs: number;
  /** One second of what real requests and machines take their time for: draining, maximum run time. */
  readonly realSecondMs: number;
  /** From a call until its operation is DONE, at least. A third of it the operation is PENDING. */
  readonly operationMs: number;
  /** After this long, `wait` answers with what there is. */
  readonly waitMs: number;
  /** How often group managers look at their groups. */
  readonly groupMs: number;
  /** How often autoscalers think. */
  readonly autoscalerMs: number;
  /** How long a group waits before it tries again to make an instance. */
  readonly retryMs: number;
  /** How long a new forwarding rule answers 404, and then 502, before it serves. */
  readonly servesAfterMs: { readonly notFound: number; readonly badGateway: number };
  /** An autoscaler takes the highest recommendation of this many (of the resources') seconds for scaling in. */
  readonly stabilizationSeconds: number;
  /** vCPUs of every instance, whatever its type says, as autoscalers see it; a machine of the lab has few. */
  readonly vcpus: number | undefined;
}

/** What real machines want: a minute of the API takes six seconds, operations take their time. */
export const WITH_VMS: Timings = {
  secondMs: 100,
  realSecondMs: 1000,
  operationMs: 300,
  waitMs: 120_000,
  groupMs: 100,
  autoscalerMs: 1000,
  retryMs: 2000,
  servesAfterMs: { notFound: 1000, badGateway: 1000 },
  stabilizationSeconds: 120,
  vcpus: 0.33,
};

/** What tests want: quick, and everything can still be seen happening. */
export const QUICK: Timings = {
  secondMs: 20,
  realSecondMs: 5,
  operationMs: 30,
  waitMs: 2000,
  groupMs: 20,
  autoscalerMs: 50,
  retryMs: 200,
  servesAfterMs: { notFound: 0, badGateway: 0 },
  stabilizationSeconds: 30,
  vcpus: undefined,
};
