/** What a group manager knows of one of its instances. */
export interface MemberView {
  readonly name: string;
  /** Path of the template that it was made from. */
  readonly template: string;
  /** It is on its way out. */
  readonly leaving: boolean;
  /** It runs, nothing is done to it, and it is not unhealthy. */
  readonly available: boolean;
  readonly createdAt: number;
}

/** How many instances a template is to have. */
export interface Wanted {
  readonly template: string;
  readonly count: number;
}

export interface GroupPlan {
  /** Templates of instances to make, one entry for each. */
  readonly create: readonly string[];
  readonly remove: readonly string[];
  /** Whether instances of the wrong template are left. */
  readonly outdated: number;
}

/**
 * The next step towards a group's size and versions. New instances come first, as far as `maxSurge` lets them; old ones
 * go only while `target - maxUnavailable` others are available.
 *
 * @param proactive whether instances are replaced because of their template
 */
export function planGroup(
  members: readonly MemberView[],
  wanted: readonly Wanted[],
  limits: { readonly maxSurge: number; readonly maxUnavailable: number; readonly proactive: boolean },
): GroupPlan {
  const target = wanted.reduce((sum, { count }) => sum + count, 0);
  const active = members.filter((member) => !member.leaving);
  const { kept, missing } = assign(active, wanted);
  const outdated = active.filter((member) => !kept.has(member.name));
  const wrong = outdated.filter(({ template }) => !wanted.some((each) => each.template === template));
  if (!limits.proactive || outdated.length === 0 || target === 0) {
    const remove = inOrderOfRemoval(active, kept).slice(0, Math.max(0, active.length - target));
    const create = missing.slice(0, Math.max(0, target - active.length));
    return { create, remove: remove.map(({ name }) => name), outdated: wrong.length };
  }
  const create = missing.slice(0, Math.max(0, target + limits.maxSurge - active.length));
  let spare = active.filter((member) => member.available).length - (target - limits.maxUnavailable);
  const remove: string[] = [];
  for (const member of inOrderOfRemoval(outdated, kept)) {
    if (member.available && spare <= 0) continue;
    // What is being made is unavailable, too: without surge an old one that serves makes room, one at a time.
    if (member.available) spare -= 1;
    remove.push(member.name);
  }
  return { create, remove, outdated: wrong.length };
}

/** Which members count for which template, and the templates that lack some. */
function assign(active: readonly MemberView[], wanted: readonly Wanted[]) {
  const kept = new Set<string>();
  const missing: string[] = [];
  for (const { template, count } of wanted) {
    const own = active.filter((member) => member.template === template);
    const best = own
      .sort((a, b) => Number(b.available) - Number(a.available) || a.createdAt - b.createdAt)
      .slice(0, count);
    for (const { name } of best) kept.add(name);
    for (let i = best.length; i < count; i += 1) missing.push(template);
  }
  return { kept, missing };
}

/** Outdated ones before others, those that do not serve before those that do, and the newest first. */
function inOrderOfRemoval(members: readonly MemberView[], kept: ReadonlySet<string>): MemberView[] {
  return [...members].sort(
    (a, b) =>
      Number(kept.has(a.name)) - Number(kept.has(b.name)) ||
      Number(a.available) - Number(b.available) ||
      b.createdAt - a.createdAt,
  );
}
