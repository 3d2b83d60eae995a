import type { PlannedChange } from './change.ts';

/** A deploy of one target that has been looked into, and has changed nothing yet. */
export interface PlannedDeploy<Deployment> {
  readonly changes: readonly PlannedChange[];
  /** What would be answered if nothing more were done. */
  readonly preview: Deployment;
  /** Carries the plan out. */
  apply(): Promise<Deployment>;
}

/** Whether carrying it out would change anything. */
export function changesSomething({ changes }: Pick<PlannedDeploy<unknown>, 'changes'>): boolean {
  return changes.some(({ action }) => action !== 'unchanged');
}
