import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LateError, notFound } from './errors.ts';
import type { Operation } from './model.ts';
import { linkTo, newId, type Scope } from './names.ts';
import { timestamp } from './store.ts';
import type { Timings } from './timings.ts';

export interface Task {
  readonly scope: Scope;
  /** `insert`, `delete`, `compute.instanceGroupManagers.resize`, ... */
  readonly type: string;
  /** Path of what it is about. */
  readonly target: string;
  readonly targetId?: string | null | undefined;
  readonly requestId?: string | undefined;
  /** What it does, after it was accepted. It fails with a `LateError`. */
  work(): Promise<void> | void;
  /** Takes back what accepting it has done. */
  undo?(): void;
}

/** The work behind calls that change something: PENDING, RUNNING, DONE. */
export class Operations {
  readonly #project: string;
  readonly #timings: Timings;
  readonly #all = new Map<string, { operation: Operation; scope: Scope; done: Promise<void> }>();
  /** Failures of the lab itself. */
  readonly problems: string[] = [];

  constructor(project: string, timings: Timings) {
    this.#project = project;
    this.#timings = timings;
  }

  /** @param failure what makes it fail, whatever it does */
  start(task: Task, failure?: LateError): Operation {
    const name = `operation-${Date.now()}-${randomBytes(12).toString('hex')}`;
    const [level, where] = task.scope.split('/');
    const at =
      where === undefined
        ? {}
        : { [level === 'zones' ? 'zone' : 'region']: linkTo(`projects/${this.#project}/${task.scope}`) };
    const operation: Operation = {
      kind: 'compute#operation',
      id: newId(),
      name,
      ...at,
      operationType: task.type,
      targetLink: linkTo(task.target),
      ...(task.targetId ? { targetId: task.targetId } : {}),
      ...(task.requestId ? { clientOperationId: task.requestId } : {}),
      status: 'PENDING',
      progress: 0,
      user: 'lab@example.com',
      insertTime: timestamp(),
      selfLink: linkTo(`projects/${this.#project}/${task.scope}/operations/${name}`),
    };
    this.#all.set(name, { operation, scope: task.scope, done: this.#run(operation, task, failure) });
    return { ...operation };
  }

  get(scope: Scope, name: string): Operation {
    return { ...this.#find(scope, name).operation };
  }

  list(): { scope: Scope; body: Operation }[] {
    return [...this.#all.values()].map(({ operation, scope }) => ({ scope, body: { ...operation } }));
  }

  remove(scope: Scope, name: string): void {
    this.#find(scope, name);
    this.#all.delete(name);
  }

  /** Answers when it is done, or after a while with what there is. */
  async wait(scope: Scope, name: string): Promise<Operation> {
    const { operation, done } = this.#find(scope, name);
    const limit = new AbortController();
    await Promise.race([done, sleep(this.#timings.waitMs, undefined, { signal: limit.signal }).catch(() => {})]);
    limit.abort();
    return { ...operation };
  }

  /** Resolves when all that were started are done. */
  async settled(): Promise<void> {
    await Promise.all([...this.#all.values()].map(({ done }) => done));
  }

  #find(scope: Scope, name: string) {
    const found = this.#all.get(name);
    if (!found || found.scope !== scope) throw notFound(`projects/${this.#project}/${scope}/operations/${name}`);
    return found;
  }

  async #run(operation: Operation, task: Task, failure: LateError | undefined): Promise<void> {
    const { operationMs } = this.#timings;
    await sleep(operationMs / 3);
    operation.status = 'RUNNING';
    operation.startTime = timestamp();
    await sleep((operationMs * 2) / 3);
    try {
      if (failure) throw failure;
      await task.work();
    } catch (error) {
      task.undo?.();
      this.#fail(operation, error);
    }
    operation.endTime = timestamp();
    operation.progress = 100;
    operation.status = 'DONE';
  }

  #fail(operation: Operation, error: unknown): void {
    if (!(error instanceof LateError))
      this.problems.push(`${operation.operationType} ${operation.targetLink}: ${error}`);
    const late = error instanceof LateError ? error : new LateError('INTERNAL_ERROR', String(error), 500);
    operation.error = { errors: [late.entry] };
    operation.httpErrorStatusCode = late.httpStatus;
    operation.httpErrorMessage = HTTP_MESSAGES[late.httpStatus] ?? 'BAD REQUEST';
  }
}

const HTTP_MESSAGES: Readonly<Record<number, string>> = {
  400: 'BAD REQUEST',
  403: 'FORBIDDEN',
  404: 'NOT FOUND',
  409: 'CONFLICT',
  500: 'INTERNAL SERVER ERROR',
  503: 'SERVICE UNAVAILABLE',
};
