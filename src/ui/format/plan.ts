import type { PlannedChange } from '../../services/stack/change.ts';
import { type Paint, plain } from './text.ts';

type Action = PlannedChange['action'];

const LOOK = {
  create: { sign: '+', colour: 'green' },
  update: { sign: '~', colour: 'yellow' },
  replace: { sign: '±', colour: 'yellow' },
  remove: { sign: '-', colour: 'red' },
  unchanged: { sign: '=', colour: 'dim' },
} as const satisfies Record<Action, object>;

/** `2 to create, 1 to remove, 3 unchanged`; `nothing to do` when nothing would change. */
export function summarizePlan(changes: readonly PlannedChange[]): string {
  const count = (action: Action) => changes.filter((change) => change.action === action).length;
  const parts = (['create', 'update', 'replace', 'remove'] as const)
    .map((action) => ({ action, amount: count(action) }))
    .filter(({ amount }) => amount > 0)
    .map(({ action, amount }) => `${amount} to ${action}`);
  const unchanged = count('unchanged');
  if (parts.length === 0) return unchanged === 0 ? 'nothing to do' : `nothing to do, ${unchanged} unchanged`;
  return [...parts, ...(unchanged > 0 ? [`${unchanged} unchanged`] : [])].join(', ');
}

/**
 * A plan as lines, one change each, in the plan's order: sign, action, resource, reason. The sign and the word say the
 * same, so that neither colour nor symbol is needed to read it.
 */
export function formatPlan(changes: readonly PlannedChange[], paint: Paint = plain): string[] {
  const width = Math.max(0, ...changes.map((change) => change.key.length));
  return changes.map(({ action, key, reason }) => {
    const head = paint(LOOK[action].colour, `${LOOK[action].sign} ${action.padEnd('unchanged'.length)}`);
    return `${head}  ${reason === '' ? key : `${key.padEnd(width)}  ${reason}`}`;
  });
}
