import { join } from 'node:path';
import { readJsonLines } from '../load/record/json-lines.ts';
import { migrated } from './recorded-words.ts';
import { TIMELINE_FILE, type TimelineAbout } from './timeline-record.ts';
import type { ScaleSample } from './types.ts';

/** Everything that was seen of one group, in order of time. */
export interface Timeline {
  readonly about: TimelineAbout;
  readonly samples: readonly ScaleSample[];
}

/**
 * The timeline in a run's folder, as a watch left it that ended, was interrupted or was killed; of earlier versions, too.
 *
 * @returns undefined when there is none, or nothing was seen
 * @throws SyntaxError for a broken line in the middle, which no killed writer leaves
 */
export async function readTimeline(folder: string): Promise<Timeline | undefined> {
  const lines = await readJsonLines<ScaleSample | { readonly about: TimelineAbout }>(join(folder, TIMELINE_FILE));
  const samples = lines.flatMap((line) => ('group' in line ? [line] : []));
  // A watch that went on wrote its own first line; the timeline is the first one's.
  const about = lines.flatMap((line) => ('about' in line ? [line.about] : []))[0];
  if (about === undefined || samples.length === 0) return undefined;
  return { about, samples: migrated(samples).toSorted((a, b) => a.group.at - b.group.at) };
}
