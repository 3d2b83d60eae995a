import type { Garbage, MarkedThing } from '../services/gc/garbage.ts';

interface Listed extends MarkedThing {
  /** What its cloud knows it by. */
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  readonly place?: string | undefined;
}

/** What was found in a region or project, one stack after another. */
export function renderGarbage(where: string, garbage: readonly Garbage<Listed>[]): string {
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
