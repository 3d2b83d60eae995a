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

/** What a task that runs tells and asks of the others. */
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
  const start = (task: Task, path: readonly string[]): Promise<void> => {
    const known = started.get(task.key);
    if (known !== undefined) return known;
    if (path.includes(task.key)) throw new Error(`dependency cycle: ${[...path, task.key].join(' -> ')}`);
    const before = task.dependsOn.flatMap((key) => byKey.get(key) ?? []);
    const isBeside = ({ key }: Task) => task.beside?.includes(key) === true;
    const isAhead = ({ key }: Task) => task.ahead?.includes(key) === true;
    const ends = before.map((dependency) => ({ dependency, end: start(dependency, [...path, task.key]) }));
    const others = ends.filter(({ dependency }) => isBeside(dependency) || isAhead(dependency));
    const waits = ends
      .filter(({ dependency }) => !isAhead(dependency))
      .map(({ dependency, end }) =>
        isBeside(dependency) ? Promise.race([end, there.get(dependency.key)?.promise]) : end,
      );
    const progress: Progress = {
      isThere: () => there.get(task.key)?.resolve(),
      pending: () => others.map(({ dependency: { key } }) => key).filter((key) => !ended.has(key)),
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
        await task.run(progress);
        ended.add(task.key);
      } catch (error) {
        failures.push(error);
      }
    })();
    started.set(task.key, work);
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
