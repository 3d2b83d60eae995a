import type { ModelWork, Waterfall } from '../load/types.ts';
import { timeText } from './text.ts';

/** A part of the mean response time, as tables and charts name it. */
export interface Part {
  readonly name: string;
  /** The name on two lines, for narrow columns. */
  readonly head: string;
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
  const model = (work: 'aWork' | 'bWork') => (tells(work) ? 'model' : 'engine');
  // The engine's total less the work that it tells: waiting for a slot, and what else it did.
  const rest = (service: string) =>
    ({ name: `${service} engine queue and rest`, head: `${service}\nengine`, kind: 'queue', isRest: true }) as const;
  const wait = tells('bQueue') ? { name: "B's minimum wait", head: "B's\nminimum" } : named("B's wait");
  const parts: readonly Part[] = [
    { ...named('client wait'), kind: 'client', color: 6, of: ({ clientWait }) => clientWait },
    { ...named("A's queue"), kind: 'queue', color: 1, of: ({ aQueue }) => aQueue },
    { ...rest("A's"), color: 4, of: ({ aEngineQueue }) => aEngineQueue },
    { ...named(`A's ${model('aWork')}`), kind: 'model', color: 0, of: ({ a }) => a, work: ({ aWork }) => aWork },
    { ...named('network'), kind: 'network', color: 5, of: ({ network }) => network },
    { ...named("B's queue"), kind: 'queue', color: 7, of: ({ bQueue }) => bQueue },
    { ...rest("B's"), color: 3, of: ({ bEngineQueue }) => bEngineQueue },
    {
      ...named(`B's ${model('bWork')}`),
      kind: 'model',
      color: 2,
      of: ({ bModel }) => bModel,
      work: ({ bWork }) => bWork,
    },
    { ...wait, kind: 'minimum', color: 8, of: ({ bWait }) => bWait },
  ];
  // B alone has no A.
  const noA = waterfalls.every(({ a }) => a === 0);
  return parts.filter(({ name, of }) => waterfalls.some((each) => of(each) !== undefined) && !(noA && name[0] === 'A'));
}

/** Milliseconds: the mean response time of the answers that carried all the figures. */
export function waterfallTotal(waterfall: Waterfall): number {
  return partsOf([waterfall]).reduce((sum, part) => sum + (part.of(waterfall) ?? 0), 0);
}

/** `load 100 ms, prompt 800 ms, generation 2.00 s`. */
export function workText({ load, prompt, generation }: ModelWork): string {
  return `load ${timeText(load)}, prompt ${timeText(prompt)}, generation ${timeText(generation)}`;
}

function named(name: string): Pick<Part, 'name' | 'head'> {
  return { name, head: name.includes(' ') ? name.replace(' ', '\n') : `\n${name}` };
}
