import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  DataPointType,
  type Histogram as HistogramValue,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import { METRICS, type MetricName } from './metrics.ts';

/** A sum, or a gauge. */
export interface Amount {
  value: number;
}

/**
 * Counts values in buckets with inclusive upper bounds. Some 20 ns a value: the SDK's own instruments, which look up
 * their series by its attributes each time, take 700 ns, and a streamed answer brings a value per token.
 */
export class Histogram {
  readonly #boundaries: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;
  #count = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  constructor(boundaries: readonly number[]) {
    this.#boundaries = boundaries;
    this.#counts = new Float64Array(boundaries.length + 1);
  }

  add(value: number): void {
    const boundaries = this.#boundaries;
    let bucket = 0;
    while (bucket < boundaries.length && value > (boundaries[bucket] as number)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sum += value;
    this.#count++;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** As it is now: what is added later does not change it. Undefined while there is nothing in it. */
  get value(): HistogramValue | undefined {
    if (this.#count === 0) return undefined;
    const buckets = { boundaries: [...this.#boundaries], counts: [...this.#counts] };
    return { buckets, sum: this.#sum, count: this.#count, min: this.#min, max: this.#max };
  }
}

interface Series {
  readonly attributes: Attributes;
  readonly current: { readonly value: number | HistogramValue | undefined };
}

/** The metrics of a sweep, each with a value per combination of attributes. */
export class SeriesSet {
  readonly #series = new Map<MetricName, Series[]>();

  histogram(name: MetricName, attributes: Attributes): Histogram {
    return this.#add(name, attributes, new Histogram(METRICS[name].boundaries));
  }

  amount(name: MetricName, attributes: Attributes): Amount {
    return this.#add<Amount>(name, attributes, { value: 0 });
  }

  /**
   * All that has a value (only streamed answers have chunks) in the library's own form: sums since the beginning, as
   * Prometheus needs them.
   *
   * @param startedAt when the sums began; like `now` in milliseconds since the epoch
   */
  metricData(startedAt: number, now: number): MetricData[] {
    const times = { startTime: hrTime(startedAt), endTime: hrTime(now) };
    return (Object.keys(METRICS) as MetricName[]).flatMap((name) => {
      const { type, unit, description } = METRICS[name];
      const dataPoints = (this.#series.get(name) ?? []).flatMap(({ attributes, current: { value } }) =>
        value === undefined ? [] : [{ ...times, attributes, value }],
      );
      if (dataPoints.length === 0) return [];
      const isSum = type === DataPointType.SUM;
      return {
        descriptor: { name, unit, description, valueType: isSum ? ValueType.INT : ValueType.DOUBLE },
        aggregationTemporality: AggregationTemporality.CUMULATIVE,
        dataPointType: type,
        dataPoints,
        ...(isSum ? { isMonotonic: true } : {}),
      } as MetricData;
    });
  }

  #add<T extends Series['current']>(name: MetricName, attributes: Attributes, current: T): T {
    const others = this.#series.get(name);
    if (others === undefined) this.#series.set(name, [{ attributes, current }]);
    else others.push({ attributes, current });
    return current;
  }
}

/** Seconds and nanoseconds. */
function hrTime(epochMs: number): HrTime {
  const seconds = Math.floor(epochMs / 1000);
  return [seconds, Math.round((epochMs - seconds * 1000) * 1e6)];
}
