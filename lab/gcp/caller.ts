import { expect } from 'vitest';
import type { Body, Operation } from './model.ts';

/** What a plain request got. */
export interface Answered {
  readonly status: number;
  readonly body: Body;
  /** `error.errors[0].reason` and its message. */
  readonly reason: string | undefined;
  readonly message: string;
}

/** Calls the lab's Compute Engine with plain requests: nothing is between a test and what the API says. */
export class Caller {
  readonly #base: string;

  constructor({ url, project }: { readonly url: string; readonly project: string }) {
    this.#base = `${url}/compute/v1/projects/${project}/`;
  }

  async call(method: string, path: string, body?: object): Promise<Answered> {
    const init = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(this.#base + path, init);
    const answer = (await response.json()) as Body;
    const error = answer.error as { message?: string; errors?: { reason: string }[] } | undefined;
    const failed = response.status >= 300;
    return {
      ...{ status: response.status, body: answer },
      reason: failed ? error?.errors?.[0]?.reason : undefined,
      message: (failed && error?.message) || '',
    };
  }

  async get<T = Body>(path: string): Promise<T> {
    const { status, body } = await this.call('GET', path);
    expect(status, JSON.stringify(body)).toBe(200);
    return body as T;
  }

  /** Changes something and waits until that is done, well or badly. */
  async change(method: string, path: string, body?: object): Promise<Operation> {
    const begun = await this.call(method, path, body);
    expect(begun.status, begun.message).toBe(200);
    return this.wait(begun.body);
  }

  /** Changes something, which must go well. */
  async must(method: string, path: string, body?: object): Promise<Operation> {
    const operation = await this.change(method, path, body);
    expect(operation.error).toBeUndefined();
    return operation;
  }

  async wait(begun: Operation): Promise<Operation> {
    let operation = begun;
    while (operation.status !== 'DONE') {
      const path = new URL(operation.selfLink ?? '').pathname.split('/').slice(5).join('/');
      operation = (await this.call('POST', `${path}/wait`)).body;
    }
    return operation;
  }
}
