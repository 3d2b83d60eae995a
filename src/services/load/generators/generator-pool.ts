import type { LoadGenerator, StartGenerator } from './load-generator.ts';
import type { GeneratorPlan } from './plan-generators.ts';

/** Generators, each for one point at a time: as many as there are points whose requests are open together. */
export class GeneratorPool {
  readonly #plan: GeneratorPlan;
  readonly #all = new Set<Promise<LoadGenerator>>();
  readonly #idle: Promise<LoadGenerator>[] = [];

  readonly #startOne: StartGenerator;

  constructor(plan: GeneratorPlan, start: StartGenerator) {
    this.#plan = plan;
    this.#startOne = start;
  }

  /** One that is free, started where there is none. @throws Error when it does not start */
  async take(): Promise<LoadGenerator> {
    for (let idle = this.#idle.shift(); idle !== undefined; idle = this.#idle.shift()) {
      const generator = await idle;
      if (generator.alive) return generator;
      this.#all.delete(idle);
      await generator.close();
    }
    return this.#start();
  }

  give(generator: LoadGenerator): void {
    this.#idle.push(Promise.resolve(generator));
  }

  /** Has one ready, so that the next point begins at once. */
  spare(): void {
    if (this.#idle.length > 0) return;
    const started = this.#start();
    started.then(
      () => this.#idle.push(started),
      () => this.#all.delete(started),
    );
  }

  async close(): Promise<void> {
    const started = await Promise.allSettled(this.#all);
    await Promise.all(started.map((each) => (each.status === 'fulfilled' ? each.value.close() : undefined)));
  }

  #start(): Promise<LoadGenerator> {
    const started = this.#startOne(this.#plan);
    this.#all.add(started);
    return started;
  }
}
