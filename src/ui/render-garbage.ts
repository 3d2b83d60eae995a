import type { Found, Garbage, Removed, Unseen } from '../services/gc/collect.ts';

/** Everything that was found, and what became of it. */
export function renderCollected(found: readonly Found[], removed: readonly Removed[]): string {
  if (found.length === 0) return 'No cloud could be checked.';
  return [
    ...found.map(({ where, garbage }) => renderGarbage(Object.values(where).join(', '), garbage)),
    ...removed.map(removedLine),
  ].join('\n');
}

/** Places that could not be looked at, a sentence for each. */
export function renderUnseen(unseen: readonly Unseen[]): string[] {
  return unseen.map(({ target, reason }) => `${target} was not checked: ${reason}; see: chainctl doctor ${target}`);
}

function removedLine({ at, garbage: { stack, objects }, report: { removed, leftovers } }: Removed): string {
  if (leftovers.length === 0) {
    return `Removed and verified gone: ${stack} (${removed.join(', ') || `${objects.length} objects`}).`;
  }
  const list = leftovers.map(({ key, reason }) => `${key} (${reason})`).join(', ');
  return `Still there of ${stack}: ${list}. Run "chainctl gc ${at.place.provider.name}" again.`;
}

/** What was found in a region or project, one stack after another. */
function renderGarbage(where: string, garbage: readonly Garbage[]): string {
  if (garbage.length === 0) return `Nothing of chainctl is left over in ${where}.`;
  return garbage
    .flatMap(({ stack, reason, objects, createdBy, ageSeconds, perHour, foreign }) => [
      [
        `${stack}: ${reason}`,
        `made by ${createdBy.join(', ')}`,
        ...(ageSeconds === undefined ? [] : [`${age(ageSeconds)} old`]),
        perHour === undefined ? 'cost not known' : `${perHour.toFixed(3)} USD per hour`,
        ...(foreign ? ["somebody else's: left alone without --others"] : []),
      ].join(', '),
      ...objects.map(({ kind, id, name, type, place }) => {
        const more = [type, place].filter((each) => each !== undefined).join(', ');
        return `  ${kind} ${id ?? name}${more === '' ? '' : ` (${more})`}`;
      }),
    ])
    .join('\n');
}

function age(seconds: number): string {
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min`;
  return seconds < 48 * 3600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}
