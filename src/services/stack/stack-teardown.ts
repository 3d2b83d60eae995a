import type { StackPaths } from './paths.ts';
import { listSecrets, removeSecrets } from './secrets.ts';
import { type OpenStack, openStack, type StackDeps } from './session.ts';
import { readState } from './state.ts';
import type { TargetModule } from './target-module.ts';
import { type TeardownReport, teardownTarget } from './teardown.ts';

/**
 * Takes targets of a stack down, one after another, so that A on one is gone before B on the next; then forgets the
 * secrets that nothing is left for.
 *
 * @returns one report for each; one with leftovers does not keep the others
 * @throws the first failure, after all others have been tried
 */
export function teardownStack(
  paths: StackPaths,
  modules: readonly TargetModule[],
  deps: StackDeps,
): Promise<TeardownReport[]> {
  return openStack(paths, deps, async (stack) => {
    const reports: TeardownReport[] = [];
    const failures: unknown[] = [];
    for (const module of modules) {
      deps.signal.throwIfAborted();
      try {
        reports.push(await teardownOne(paths, module, stack));
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return reports;
  });
}

async function teardownOne(paths: StackPaths, module: TargetModule, stack: OpenStack): Promise<TeardownReport> {
  const steps = stack.steps(module.name);
  const record = steps.journal.hasState ? steps.journal.target : undefined;
  const target = await module.open(record, steps.context, 'teardown');
  try {
    const report = await teardownTarget(target, steps, async () => {
      if (record !== undefined) await forgetSecrets(paths, module, stack);
    });
    if (report.leftovers.length === 0) await module.forget?.();
    return report;
  } catch (error) {
    throw module.explain?.(error) ?? error;
  } finally {
    await target.close?.();
  }
}

/**
 * The secrets go with the last target. Keys that open a machine of a cloud outlive a teardown of this machine's
 * processes: with its file lost once, the state may know only those.
 */
async function forgetSecrets(paths: StackPaths, module: TargetModule, stack: OpenStack): Promise<void> {
  if (stack.recordedTargets().some((name) => name !== module.name)) return;
  const others = (await listSecrets(paths)).some((name) => name !== 'token');
  if (module.sweepsUnasked && others) return;
  await removeSecrets(paths);
}

/**
 * The targets that "everything of this stack" means: those that are recorded, those whose sweep costs nothing,
 * and those that have left traces beside the state. Without a readable state file that is only the latter two; the teardown itself says what is wrong with the file.
 */
export async function targetsToTearDown(
  paths: StackPaths,
  modules: readonly TargetModule[],
): Promise<readonly TargetModule[]> {
  const state = await readState(paths.state).catch(() => undefined);
  const wanted = await Promise.all(
    modules.map(async (module) => {
      if (module.sweepsUnasked || state?.targets[module.name] !== undefined) return [module];
      return (await module.hasTraces?.()) ? [module] : [];
    }),
  );
  return wanted.flat();
}
