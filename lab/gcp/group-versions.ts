import { zones } from './catalogue.ts';
import type { LateError } from './errors.ts';
import { invalid, required } from './errors.ts';
import type { Wanted } from './group-plan.ts';
import type { Group } from './model.ts';
import { checkName, lastPart, type Place, pathIn } from './names.ts';
import type { Entry } from './store.ts';

type Amount = { fixed?: number | null; percent?: number | null } | null | undefined;

/** How many instances of which template a group is to have. */
export function wantedOf(project: string, { body }: Entry<Group>): Wanted[] {
  const target = body.targetSize ?? 0;
  const versions = body.versions ?? [];
  const sized = versions.map((each) =>
    each.targetSize ? Math.min(target, amount(each.targetSize, target, Math.ceil)) : undefined,
  );
  const rest = target - sized.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  return versions.map((each, i) => ({
    template: pathIn(each.instanceTemplate, project) ?? '',
    count: sized[i] ?? Math.max(0, rest),
  }));
}

export function limitsOf(body: Group) {
  const target = body.targetSize ?? 0;
  const { maxSurge, maxUnavailable, type } = body.updatePolicy ?? {};
  return {
    maxSurge: amount(maxSurge, target, Math.ceil, 1),
    maxUnavailable: amount(maxUnavailable, target, Math.floor, 1),
    proactive: type === 'PROACTIVE',
  };
}

/** A group as it is kept: defaults filled in. @throws ApiError */
export function completeGroup(body: Group, place: Place): Group {
  if (body.targetSize === undefined || body.targetSize === null) throw required('resource.targetSize');
  if (!Number.isInteger(body.targetSize) || body.targetSize < 0)
    throw invalid('resource.targetSize', body.targetSize, 'Must be greater than or equal to 0');
  const template = body.versions?.at(0)?.instanceTemplate ?? body.instanceTemplate;
  if (!template) throw required('resource.instanceTemplate');
  const baseInstanceName = body.baseInstanceName ?? place.name.slice(0, 54);
  checkName(baseInstanceName, 'resource.baseInstanceName', 58);
  for (const [i, port] of (body.namedPorts ?? []).entries()) checkName(port.name, `resource.namedPorts[${i}].name`);
  checkUpdatePolicy(body, place);
  const others = (body.versions ?? []).filter((each) => !each.targetSize);
  if (body.versions && others.length !== 1)
    throw invalid('resource.versions', '', 'Exactly one version must have no target size.');
  const policy = {
    type: 'OPPORTUNISTIC',
    minimalAction: 'REPLACE',
    replacementMethod: 'SUBSTITUTE',
    ...body.updatePolicy,
  };
  const surge = policy.replacementMethod === 'RECREATE' ? 0 : 1;
  return {
    ...body,
    baseInstanceName,
    instanceTemplate: others[0]?.instanceTemplate ?? template,
    versions: body.versions ?? [{ instanceTemplate: template }],
    updatePolicy: {
      ...policy,
      maxSurge: shownAmount(policy.maxSurge ?? { fixed: surge }, body.targetSize),
      maxUnavailable: shownAmount(policy.maxUnavailable ?? { fixed: 1 }, body.targetSize),
    },
    instanceLifecyclePolicy: {
      forceUpdateOnRepair: 'NO',
      defaultActionOnFailure: 'REPAIR',
      ...body.instanceLifecyclePolicy,
    },
    listManagedInstancesResults: body.listManagedInstancesResults ?? 'PAGELESS',
  };
}

function checkUpdatePolicy({ updatePolicy }: Group, { scope }: Place): void {
  const { maxSurge, maxUnavailable, replacementMethod } = updatePolicy ?? {};
  const zero = (each: Amount) => each && (each.fixed ?? each.percent ?? 0) === 0;
  if (zero(maxSurge) && zero(maxUnavailable))
    throw invalid(
      'resource.updatePolicy.maxUnavailable',
      0,
      'Either maxSurge or maxUnavailable must be greater than 0.',
    );
  if (replacementMethod === 'RECREATE' && maxSurge && !zero(maxSurge))
    throw invalid(
      'resource.updatePolicy.maxSurge',
      amount(maxSurge, 1, Math.ceil),
      'Must be 0 when replacement method is set to RECREATE',
    );
  if (!scope.startsWith('regions/')) return;
  const count = Math.min(3, zones(lastPart(scope)).length);
  for (const [field, each] of Object.entries({ maxSurge, maxUnavailable })) {
    const fixed = each?.fixed ?? 0;
    if (fixed !== 0 && fixed < count)
      throw invalid(
        `resource.updatePolicy.${field}.fixed`,
        fixed,
        'Fixed updatePolicy.' +
          field +
          ' for regional managed instance group has to be either 0 or at least equal to the number of zones.',
      );
  }
}

function amount(each: Amount, target: number, round: (x: number) => number, fallback = 0): number {
  if (typeof each?.fixed === 'number') return each.fixed;
  if (typeof each?.percent === 'number') return round((each.percent / 100) * target);
  return fallback;
}

function shownAmount(each: NonNullable<Amount>, target: number) {
  const calculated = amount(each, target, Math.ceil);
  return { ...each, calculated } as { fixed?: number; percent?: number; calculated: number };
}

/** An error as a group shows it. */
export function shownError(error: LateError) {
  const { code, message, details } = error;
  return { code, message, ...(details.length > 0 ? { errorDetails: [...details] } : {}) };
}
