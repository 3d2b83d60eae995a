import type { LoadGenerator } from './load-generator.ts';

/** Generators, each for one point at a time: as many as there are points whose requests are open together. */
export class GeneratorPool {
  readonly #startOne: () => Promise<LoadGenerator>;
  readonly #started: Promise<LoadGenerator>[] = [];
  readonly #idle: LoadGenerator[] = [];

  constructor(startOne: () => Promise<LoadGenerator>) {
    this.#startOne = startOne;
  }

  /** One that is free, started where there is none. @throws Error when it does not start */
  async take(): Promise<LoadGenerator> {
    for (let idle = this.#idle.shift(); idle !== undefined; idle = this.#idle.shift()) {
      if (idle.alive) return idle;
      await idle.close();
    }
    return this.#start();
  }

  give(generator: LoadGenerator): void {
    this.#idle.push(generator);
  }

  /** Has one ready, so that the next point begins at once. */
  spare(): void {
    if (this.#idle.length > 0) return;
    this.#start().then(
      (generator) => this.give(generator),
      () => {},
    );
  }

  async close(): Promise<void> {
    const started = await Promise.allSettled(this.#started);
    await Promise.all(started.map((each) => (each.status === 'fulfilled' ? each.value.close() : undefined)));
  }

  #start(): Promise<LoadGenerator> {
    const started = this.#startOne();
    this.#started.push(started);
    return started;
  }
}
