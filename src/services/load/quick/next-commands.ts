import { plural, shellWord } from '../../words.ts';
import { protocolAt } from '../protocols/protocols.ts';
import type { Known, NextCommand } from './found.ts';
import { isTooBusy, mostAtOnce } from './quick-plan.ts';
import { HEADER_PLACE } from './quick-target.ts';
import type { QuickRuns } from './run-quick.ts';

/** A search offers about so many points. */
const USUAL_POINTS = 6;
/** Of a search under objectives, at most, seconds each. */
const LIMIT_POINTS = 10;
const LIMIT_SECONDS = 60;
/** A first token, or an answer, may take so many times as long as that of a request alone. */
const PATIENCE = 2;

/**
 * What goes on from what was found, with room around it.
 *
 * @param sameFlags that a command needs to be let in, and to write to the same folder
 */
export function nextCommands(runs: QuickRuns, known: Known, sameFlags: readonly string[]): NextCommand[] {
  const { targetUrl, api, model, isStreamed, maxTokens, aloneSeconds, search, doubling } = runs;
  const { knee, alone, most, machineLimit, isSaturated, refused } = known;
  const isOfPath = protocolAt(new URL(targetUrl).pathname)?.name === api;
  const target = ['--target', targetUrl];
  const asked = [...(isOfPath ? [] : ['--api', api]), ...(model === undefined ? [] : ['--model', model]), ...sameFlags];
  const words = [
    ...['chainctl', 'load', ...target, ...asked],
    ...(isStreamed ? ['--stream'] : []),
    ...(maxTokens === undefined ? [] : ['--max-tokens', String(maxTokens)]),
  ];
  const place = sameFlags.some((word) => word.endsWith(`: ${HEADER_PLACE}`))
    ? ` (put in what --header carries for ${HEADER_PLACE}: no record has it)`
    : '';
  const made = (why: string, ...rest: readonly string[]): NextCommand => ({
    why: `${why}${place}`,
    words: rest,
    command: rest.map(shellWord).join(' '),
  });
  if (alone === undefined) {
    const own = ['--api', '--results', '--ca-file'].reduce<readonly string[]>(without, asked);
    const words = ['chainctl', 'smoke', '--api', api, ...target, ...own, '--count', '3'];
    return [made('what becomes of single requests', ...words)];
  }
  const again = () => {
    const why = 'the same, on a machine that has more room, or when this one has nothing else to do';
    return made(why, 'chainctl', 'quick', targetUrl, ...asked);
  };
  const isLimit = machineLimit !== undefined || isTooBusy(search?.points ?? []);
  if (most === undefined || (machineLimit !== undefined && knee === undefined)) return [again()];
  const rate = knee?.rps ?? (knee?.below === undefined ? most.rps : knee.below / 2);
  const [low, high] = [short(rate / 2), short(Math.max(1.5 * rate, 1.1 * (knee?.below ?? 0)))];
  // A point has to be many answers long.
  const seconds = Math.ceil(Math.max(30, 8 * aloneSeconds, 60 / rate) / 10) * 10;
  const steps = [
    ...(isLimit ? [again()] : []),
    made(
      `the knee, from points of ${roughly(seconds)}: about ${roughly(USUAL_POINTS * (seconds + aloneSeconds))}`,
      ...[...words, '--rps', `${low},${high}`, '--find-knee', '--duration', `${seconds}s`],
    ),
  ];
  const { ttftMs, responseMs } = alone;
  const [metric, ms, what] =
    isStreamed && ttftMs !== undefined ? ['ttft_p95', ttftMs, 'a first token'] : ['p95', responseMs, 'an answer'];
  if (knee?.rps !== undefined && ms !== undefined && LIMIT_SECONDS >= 8 * aloneSeconds) {
    const bound = `${Math.max(1, short(PATIENCE * ms))}ms`;
    const shortest = Math.min(LIMIT_SECONDS, Math.max(10, Math.ceil(5 * aloneSeconds)));
    steps.push(
      made(
        `the highest rate at which 95 % have ${what} within ${bound.replace('ms', ' ms')}: at most ${roughly(LIMIT_POINTS * LIMIT_SECONDS)}`,
        ...[...words, '--rps', `${short(rate / 4)},${high}`, '--find-knee', '--slo', `${metric}<${bound}`],
        ...['--duration', `${shortest}s`, '--max-duration', `${LIMIT_SECONDS}s`],
      ),
    );
  }
  if (!isSaturated && refused === undefined && !isLimit) {
    const tried = mostAtOnce(doubling.points) || 1;
    const list = [2, 4, 8].map((times) => times * tried);
    const each = Math.ceil(Math.max(10, 4 * aloneSeconds));
    steps.push(
      made(
        `what more than ${plural(tried, 'request')} at once bring: about ${roughly(list.length * (each + 2 * aloneSeconds))}`,
        ...[...words, '--concurrency', list.join(','), '--duration', `${each}s`],
      ),
    );
  }
  return steps;
}

/** Words of a command less a flag with its value. */
function without(words: readonly string[], flag: string): string[] {
  const at = words.indexOf(flag);
  return at === -1 ? [...words] : words.toSpliced(at, 2);
}

/** An estimate in words: nobody knows its seconds. */
function roughly(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : plural(Math.round(seconds / 60), 'minute');
}

function short(rate: number): number {
  return Number(rate.toPrecision(2));
}
