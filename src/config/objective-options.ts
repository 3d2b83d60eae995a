import { remedy } from '../errors.ts';
import { type Criterion, metricOf, parseAbort, parseLimit, parseSlo } from '../services/load/stats/criterion.ts';
import { STREAMED } from '../services/load/stats/metrics.ts';
import { parseUntilCertain } from '../services/load/stats/until-certain.ts';
import type { SweepOptions } from '../services/load/sweep/sweep-options.ts';
import type { LoadFlags } from './load-flags.ts';

/**
 * The objectives that the flags ask for.
 *
 * @throws RemedyError (exit 2) where one is wrong, or is about something that would not be measured
 */
export function objectivesAsked(flags: LoadFlags): Required<Pick<SweepOptions, 'slos' | 'abortOn' | 'goodput'>> {
  const slos = flags.slo?.map(parseSlo) ?? [];
  const abortOn = flags['abort-on']?.map(parseAbort) ?? [];
  const goodput = flags.goodput?.map(parseLimit) ?? [];
  const times = [
    ...criteriaTimes('slo', slos),
    ...criteriaTimes('abort-on', abortOn),
    ...goodput.map(({ expression, of }) => ({ flag: 'goodput', expression, of })),
  ];
  const plain = times.find(({ of }) => STREAMED.includes(of));
  if (plain !== undefined && !flags.stream) {
    const fault = `--${plain.flag} "${plain.expression}" is about tokens as they come, and answers that are not streamed come whole`;
    throw remedy.usage('objective-unmeasurable', fault, ['add --stream']);
  }
  const ofGood = [...slos, ...abortOn].find((each) => {
    const metric = metricOf(each);
    return metric.kind !== 'time' && (metric.name === 'good' || metric.name === 'good-rps');
  });
  if (ofGood !== undefined && goodput.length === 0) {
    const fault = `"${ofGood.expression}" counts good requests, and nothing says what a good one is`;
    throw remedy.usage('objective-unmeasurable', fault, ["say it, for example --goodput 'e2e<2s'"]);
  }
  return { slos, abortOn, goodput };
}

/**
 * What `--until-certain` asks for.
 *
 * @throws RemedyError (exit 2) where it is wrong, or about something that would not be measured
 */
export function certainAsked(text: string, isStreamed: boolean) {
  const asked = parseUntilCertain(text);
  if (isStreamed || !STREAMED.includes(asked.of)) return asked;
  const fault = `--until-certain "${text}" is about tokens as they come, and answers that are not streamed come whole`;
  throw remedy.usage('objective-unmeasurable', fault, ['add --stream']);
}

function criteriaTimes(flag: string, criteria: readonly Criterion[]) {
  return criteria.flatMap((criterion) => {
    const metric = metricOf(criterion);
    return metric.kind === 'time' ? [{ flag, expression: criterion.expression, of: metric.of }] : [];
  });
}
