import { formatSeconds } from '../../durations.ts';
import type { StepAction } from '../../events.ts';

const WORDS: Readonly<Record<StepAction, { readonly doing: string; readonly done: string }>> = {
  create: { doing: 'creating', done: 'created' },
  update: { doing: 'updating', done: 'updated' },
  replace: { doing: 'replacing', done: 'replaced' },
  remove: { doing: 'removing', done: 'removed' },
  ready: { doing: 'waiting until ready', done: 'ready' },
};

/** `engine: creating`, `engine: still waiting until ready`. */
export function stepDoing(key: string, action: StepAction, still = ''): string {
  return `${key}: ${still}${WORDS[action].doing}`;
}

/** `engine created in 1.2 s (pid 4711)`. */
export function stepDone(key: string, action: StepAction, seconds: number, detail?: string): string {
  const spent = action === 'ready' ? `after ${formatSeconds(seconds)}` : `in ${formatSeconds(seconds)}`;
  return `${key} ${WORDS[action].done} ${spent}${detail === undefined ? '' : ` (${detail})`}`;
}

/** `engine: create failed: port 9000 is taken`. */
export function stepFailed(key: string, action: StepAction, reason: string): string {
  return action === 'ready' ? `${key}: never became ready: ${reason}` : `${key}: ${action} failed: ${reason}`;
}
