import type { ModelWork, Waterfall } from '../load/types.ts';
import { timeText } from './text.ts';

/** A part of the mean response time, as tables and charts name it. */
export interface Part {
  readonly name: string;
  /** The name on two lines, for narrow columns. */
  readonly head: readonly [above: string, below: string];
  /** What kind of time it is; of an engine, what it does not account for counts as its queue. */
  readonly kind: 'queue' | 'model' | 'network' | 'minimum' | 'client';
  /** A queue of which not all is one: an engine that is idle has a rest, too. */
  readonly isRest?: boolean;
  /** Index into the palette of the charts. */
  readonly color: number;
  /** Milliseconds; undefined where the answers do not tell. */
  of(waterfall: Waterfall): number | undefined;
  /** What a model did meanwhile. */
  work?(waterfall: Waterfall): ModelWork | undefined;
}

/**
 * The parts that any of these waterfalls knows, in the order in which a request meets them; they add up to its mean
 * response time. What the answers do not tell apart is named for all that it holds: without the engine's own times, its
 * call is queue and model; without B's queue, its wait is that and the minimum.
 */
export function partsOf(waterfalls: readonly Waterfall[]): readonly Part[] {
  const tells = (part: keyof Waterfall) => waterfalls.some((waterfall) => waterfall[part] !== undefined);
  const modelOf = (service: string, work: 'aWork' | 'bWork') =>
    tells(work) ? `${service}'s model` : `${service}'s engine`;
  const bWait = tells('bQueue') ? 'minimum wait' : 'wait';
  const parts: Part[] = [
    { ...named('client', 'wait'), kind: 'client', color: 6, of: ({ clientWait }) => clientWait },
    { ...named("A's", 'queue'), kind: 'queue', color: 1, of: ({ aQueue }) => aQueue },
    { ...engineRest('A'), color: 4, of: ({ aEngineQueue }) => aEngineQueue },
    { ...nameOf(modelOf('A', 'aWork')), kind: 'model', color: 0, of: ({ a }) => a, work: ({ aWork }) => aWork },
    { ...named('', 'network'), kind: 'network', color: 5, of: ({ network }) => network },
    { ...named("B's", 'queue'), kind: 'queue', color: 7, of: ({ bQueue }) => bQueue },
    { ...engineRest('B'), color: 3, of: ({ bEngineQueue }) => bEngineQueue },
    {
      ...nameOf(modelOf('B', 'bWork')),
      kind: 'model',
      color: 2,
      of: ({ bModel }) => bModel,
      work: ({ bWork }) => bWork,
    },
    { ...named("B's", bWait), kind: 'minimum', color: 8, of: ({ bWait: ms }) => ms },
  ];
  // B alone has no A.
  const noA = waterfalls.every(({ a }) => a === 0);
  return parts.filter(
    (part) => waterfalls.some((waterfall) => part.of(waterfall) !== undefined) && !(noA && part.name.startsWith('A')),
  );
}

/** Milliseconds: the mean response time of the answers that carried all the figures. */
export function waterfallTotal(waterfall: Waterfall): number {
  return partsOf([waterfall]).reduce((sum, part) => sum + (part.of(waterfall) ?? 0), 0);
}

/** `load 100 ms, prompt 800 ms, generation 2.00 s`. */
export function workText({ load, prompt, generation }: ModelWork): string {
  return `load ${timeText(load)}, prompt ${timeText(prompt)}, generation ${timeText(generation)}`;
}

function named(above: string, below: string): Pick<Part, 'name' | 'head'> {
  const short = below.replace(/^(minimum) wait$/, '$1');
  return { name: `${above} ${below}`.trim(), head: [above, short] };
}

/** The engine's total less the work that it tells: waiting for a slot, and what else it did. */
function engineRest(service: 'A' | 'B') {
  const name = `${service}'s engine queue and rest`;
  return { name, head: [`${service}'s`, 'engine'], kind: 'queue', isRest: true } as const;
}

function nameOf(name: string): Pick<Part, 'name' | 'head'> {
  const [above = '', below = ''] = name.split(' ');
  return named(above, below);
}
