/** One node of a dependency graph with the work that it stands for. */
export interface Task {
  readonly key: string;
  readonly dependsOn: readonly string[];
  /** Of `dependsOn`, those that only have to be there, and need not be done, for this one to begin. */
  readonly beside?: readonly string[];
  /** Of `dependsOn`, those that need not even be there for this one to begin. */
  readonly ahead?: readonly string[];
  run(progress: Progress): Promise<void>;
}

export interface Progress {
  /** What it stands for is there: tasks that run beside it may begin. */
  isThere(): void;
  /** Keys of those that this one runs beside, or ahead of, and that are not done yet. */
  pending(): readonly string[];
  /** Resolves when the tasks that this one runs beside, or ahead of, are done; false when anything has failed meanwhile. */
  othersDone(): Promise<boolean>;
}

/**
 * Runs tasks as parallel as their dependencies allow. When one fails or the signal is aborted, nothing new starts;
 * what runs is waited for, so that its outcome is known and recorded.
 *
 * @throws the first failure, or the signal's reason when tasks were left out because of it
 */
export async function runGraph(tasks: readonly Task[], signal: AbortSignal): Promise<void> {
  const byKey = new Map(tasks.map((task) => [task.key, task]));
  const started = new Map<string, Promise<void>>();
  const there = new Map(tasks.map(({ key }) => [key, Promise.withResolvers<void>()]));
  const ended = new Set<string>();
  const failures: unknown[] = [];
  const start = ({ key, dependsOn, beside = [], ahead = [], run }: Task, path: readonly string[]): Promise<void> => {
    const known = started.get(key);
    if (known !== undefined) return known;
    if (path.includes(key)) throw new Error(`dependency cycle: ${[...path, key].join(' -> ')}`);
    const before = dependsOn.flatMap((other) => byKey.get(other) ?? []);
    const ends = before.map((task) => ({ other: task.key, end: start(task, [...path, key]) }));
    const others = ends.filter(({ other }) => beside.includes(other) || ahead.includes(other));
    const waits = ends
      .filter(({ other }) => !ahead.includes(other))
      .map(({ other, end }) => (beside.includes(other) ? Promise.race([end, there.get(other)?.promise]) : end));
    const progress: Progress = {
      isThere: () => there.get(key)?.resolve(),
      pending: () => others.map(({ other }) => other).filter((other) => !ended.has(other)),
      async othersDone() {
        await Promise.all(others.map(({ end }) => end));
        return others.length === 0 || failures.length === 0;
      },
    };
    const work = (async () => {
      await Promise.all(waits);
      if (failures.length > 0) return;
      try {
        signal.throwIfAborted();
        await run(progress);
        ended.add(key);
      } catch (error) {
        failures.push(error);
      }
    })();
    started.set(key, work);
    return work;
  };
  await Promise.all(tasks.map((task) => start(task, [])));
  if (failures.length > 0) throw failures[0];
}

/** The same tasks in the opposite order: each waits for those that depended on it. */
export function reverseGraph(tasks: readonly Task[]): Task[] {
  return tasks.map((task) => ({
    ...task,
    dependsOn: tasks.filter((other) => other.dependsOn.includes(task.key)).map((other) => other.key),
  }));
}
