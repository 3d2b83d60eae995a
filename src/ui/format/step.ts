import { formatSeconds } from '../../durations.ts';
import type { StepAction } from '../../events.ts';

export const DOING: Readonly<Record<StepAction, string>> = {
  create: 'creating',
  update: 'updating',
  replace: 'replacing',
  remove: 'removing',
  ready: 'waiting until ready',
};

const DONE: Readonly<Record<StepAction, string>> = {
  create: 'created',
  update: 'updated',
  replace: 'replaced',
  remove: 'removed',
  ready: 'ready',
};

/** `engine created in 1.2 s (pid 4711)`. */
export function stepDone(key: string, action: StepAction, seconds: number, detail?: string): string {
  const spent = action === 'ready' ? `after ${formatSeconds(seconds)}` : `in ${formatSeconds(seconds)}`;
  return `${key} ${DONE[action]} ${spent}${detail === undefined ? '' : ` (${detail})`}`;
}

/** `engine: create failed: port 9000 is taken`. */
export function stepFailed(key: string, action: StepAction, reason: string): string {
  return action === 'ready' ? `${key}: never became ready: ${reason}` : `${key}: ${action} failed: ${reason}`;
}
