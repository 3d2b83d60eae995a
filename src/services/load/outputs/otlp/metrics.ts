import { DataPointType } from '@opentelemetry/sdk-metrics';

interface Metric {
  readonly type: DataPointType.GAUGE | DataPointType.HISTOGRAM | DataPointType.SUM;
  /** Base units (`s`), annotations in braces (`{request}`). */
  readonly unit: string;
  readonly description: string;
  /** Inclusive upper bounds of a histogram's buckets, ascending; one more holds everything above the last. */
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

/** What the conventions advise for counts of tokens: powers of four. */
const TOKENS = Array.from({ length: 14 }, (_, power) => 4 ** power);

/** Many a phase, and every token, is shorter than an operation. */
const PHASE_SECONDS = [0.001, 0.0025, 0.005, ...GEN_AI_SECONDS];

function seconds(description: string, boundaries: readonly number[]): Metric {
  return { type: DataPointType.HISTOGRAM, unit: 's', description, boundaries };
}

function counter(description: string): Metric {
  return { type: DataPointType.SUM, unit: '{request}', description, boundaries: [] };
}

function gauge(description: string, unit: string): Metric {
  return { type: DataPointType.GAUGE, unit, description, boundaries: [] };
}

/**
 * The metrics by their names, in the order in which they are sent. `gen_ai.*`: OpenTelemetry semantic conventions for
 * generative AI metrics (in development); `http.*`: those for HTTP metrics (stable).
 */
export const METRICS = {
  'gen_ai.client.operation.duration': seconds('Response time, from the intended time of the request', GEN_AI_SECONDS),
  'gen_ai.client.operation.time_to_first_chunk': seconds(
    'Until the first token of a streamed answer, from the intended time of the request',
    GEN_AI_SECONDS,
  ),
  'gen_ai.client.operation.time_per_output_chunk': seconds(
    'Between reads of a streamed answer that brought tokens',
    GEN_AI_SECONDS,
  ),
  'gen_ai.client.token.usage': {
    type: DataPointType.HISTOGRAM,
    unit: '{token}',
    description: 'Tokens of a success, as the target counted them; else of its output the events with tokens',
    boundaries: TOKENS,
  },
  'chainctl.load.time_per_output_token': seconds(
    'From the first token of a streamed answer to the last, by the tokens after the first read',
    PHASE_SECONDS,
  ),
  'http.client.request.duration': seconds(
    'Service time, from sending the request to the end of its answer',
    HTTP_SECONDS,
  ),
  'chainctl.load.phase.duration': seconds('What services and engines say that they did with a request', PHASE_SECONDS),
  'chainctl.load.lateness': seconds('Sent minus intended: how late the load generator was', LATENESS_SECONDS),
  'chainctl.load.requests': counter('Requests that ended, by outcome'),
  'chainctl.load.dropped': counter('Requests that were due and not sent, because too many were open'),
  'chainctl.load.offered_rate': gauge('Arrival rate of the schedule; 0 while nothing is offered', '{request}/s'),
  'chainctl.load.sent_rate': gauge(
    'Requests sent per second, of the last second or the last three requests',
    '{request}/s',
  ),
  'chainctl.load.in_flight': gauge('Requests that wait for their answers', '{request}'),
} satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;
