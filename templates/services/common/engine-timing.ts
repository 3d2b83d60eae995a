import type { EngineTiming } from './engine/engine.ts';
import { roundSeconds } from './seconds.ts';

/** Longer than the whole by so much is a clock's rounding. */
const ROUNDING = 1.02;
const ROUNDING_NS = 10_000_000;

/**
 * Ollama's durations (nanoseconds; it leaves out those that are 0) as seconds. undefined without a total, and where the
 * parts exceed it or it exceeds the call: such an engine has told nothing that adds up.
 * @param seconds the whole call as this service saw it
 */
export function engineTiming(body: Readonly<Record<string, unknown>>, seconds: number): EngineTiming | undefined {
  const total = count(body.total_duration);
  const load = count(body.load_duration);
  const prompt = count(body.prompt_eval_duration);
  const generation = count(body.eval_duration);
  const fits = (part: number, whole: number) => part <= whole * ROUNDING + ROUNDING_NS;
  if (total <= 0 || !fits(load + prompt + generation, total) || !fits(total, seconds * 1e9)) return undefined;
  return {
    total_seconds: fromNanoseconds(total),
    queue_seconds: fromNanoseconds(Math.max(0, total - load - prompt - generation)),
    load_seconds: fromNanoseconds(load),
    prompt_seconds: fromNanoseconds(prompt),
    generation_seconds: fromNanoseconds(generation),
  };
}

/**
 * llama-server's `timings` (milliseconds) as seconds. It tells no total: that is the call as this service saw it, and what
 * is none of the parts is the wait for a slot. undefined for what is no time, and where the parts exceed the call.
 * @param seconds the whole call as this service saw it
 */
export function timingOfParts(timings: Readonly<Record<string, unknown>>, seconds: number): EngineTiming | undefined {
  const { prompt_ms, predicted_ms } = timings;
  const isTime = (value: unknown) => Number.isFinite(value) && (value as number) >= 0;
  if (!isTime(prompt_ms) || !isTime(predicted_ms)) return undefined;
  const [prompt, generation] = [count(prompt_ms) * 1e6, count(predicted_ms) * 1e6];
  if (prompt + generation === 0) return undefined;
  const total = Math.max(seconds * 1e9, prompt + generation);
  const told = { total_duration: total, prompt_eval_duration: prompt, eval_duration: generation };
  return engineTiming(told, seconds);
}

/** How long a generation took without its wait for a slot of the engine and for the model, in milliseconds. */
export function workedMs({
  seconds,
  engine,
}: {
  readonly seconds: number;
  readonly engine: EngineTiming | undefined;
}): number {
  return Math.max(0, seconds - (engine?.queue_seconds ?? 0) - (engine?.load_seconds ?? 0)) * 1000;
}

/** The same figures for the request log, whose lines are flat. */
export function flatTiming(queueSeconds: number, engine: EngineTiming | undefined): Record<string, number> {
  const queue = { queue_seconds: queueSeconds };
  if (engine === undefined) return queue;
  const { queue_seconds, load_seconds, prompt_seconds, generation_seconds } = engine;
  return { ...queue, engine_queue_seconds: queue_seconds, load_seconds, prompt_seconds, generation_seconds };
}

function fromNanoseconds(nanoseconds: number): number {
  return roundSeconds(nanoseconds / 1e9);
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.max(0, value) : 0;
}

/** A number of tokens; 0 for what can be none. */
export function wholeCount(value: unknown): number {
  return Number.isSafeInteger(value) ? count(value) : 0;
}
