/** A metric as OpenTelemetry names it: base units (`s`), annotations in braces (`{request}`). */
export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
}

export interface HistogramMetric extends Metric {
  /** Inclusive upper bounds of the buckets, ascending; one more bucket holds everything above the last. */
  readonly boundaries: readonly number[];
}

/**
 * What the GenAI conventions advise for the times of an operation (0.01 s and its doublings to 81.92 s), continued until
 * it holds the longest time-out that makes sense for a model that loads first.
 */
const GEN_AI_SECONDS = Array.from({ length: 17 }, (_, doublings) => 2 ** doublings / 100);

/** What the HTTP conventions advise, which ends at 10 s, continued likewise. */
const HTTP_SECONDS = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 25, 50, 75, 100, 250, 500, 750,
];

/** A generator is late by parts of a millisecond; one that is late by more says nothing about the target. */
const LATENESS_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** Names and meaning of `gen_ai.*`: OpenTelemetry semantic conventions for generative AI metrics (in development). */
export const OPERATION_DURATION: HistogramMetric = {
  name: 'gen_ai.client.operation.duration',
  unit: 's',
  description: 'Response time, from the intended time of the request',
  boundaries: GEN_AI_SECONDS,
};

export const TIME_TO_FIRST_CHUNK: HistogramMetric = {
  name: 'gen_ai.client.operation.time_to_first_chunk',
  unit: 's',
  description: 'Until the first token of a streamed answer, from the intended time of the request',
  boundaries: GEN_AI_SECONDS,
};

export const TIME_PER_OUTPUT_CHUNK: HistogramMetric = {
  name: 'gen_ai.client.operation.time_per_output_chunk',
  unit: 's',
  description: 'Between reads of a streamed answer that brought tokens',
  boundaries: GEN_AI_SECONDS,
};

/** OpenTelemetry semantic conventions for HTTP metrics (stable). */
export const HTTP_DURATION: HistogramMetric = {
  name: 'http.client.request.duration',
  unit: 's',
  description: 'Service time, from sending the request to the end of its answer',
  boundaries: HTTP_SECONDS,
};

/** Waiting and work of one hop, by `chainctl.hop` and `chainctl.phase`. Many a phase is shorter than an operation. */
export const PHASE_DURATION: HistogramMetric = {
  name: 'chainctl.load.phase.duration',
  unit: 's',
  description: 'What services and engines say that they did with a request',
  boundaries: [0.001, 0.0025, 0.005, ...GEN_AI_SECONDS],
};

export const LATENESS: HistogramMetric = {
  name: 'chainctl.load.lateness',
  unit: 's',
  description: 'Sent minus intended: how late the load generator was',
  boundaries: LATENESS_SECONDS,
};

export const REQUESTS: Metric = {
  name: 'chainctl.load.requests',
  unit: '{request}',
  description: 'Requests that ended, by outcome',
};

export const DROPPED: Metric = {
  name: 'chainctl.load.dropped',
  unit: '{request}',
  description: 'Requests that were due and not sent, because too many were open',
};

export const OFFERED_RATE: Metric = {
  name: 'chainctl.load.offered_rate',
  unit: '{request}/s',
  description: 'Arrival rate of the schedule; 0 while nothing is offered',
};

export const SENT_RATE: Metric = {
  name: 'chainctl.load.sent_rate',
  unit: '{request}/s',
  description: 'Requests sent per second, of the last second or the last three requests',
};

export const IN_FLIGHT: Metric = {
  name: 'chainctl.load.in_flight',
  unit: '{request}',
  description: 'Requests that wait for their answers',
};
