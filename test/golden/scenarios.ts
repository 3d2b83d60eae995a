import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/until.ts';

/** What a server does in time, as yes, no and counts: the same on a fast machine and a slow one. */
export type Facts = Readonly<Record<string, unknown>>;

interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of several shapes
  readonly body: any;
  /** On the process's own clock, in milliseconds. */
  readonly endedAt: number;
}

const WORDS =
  'amber birch cedar delta ember fjord grove haven islet jetty knoll ledge marsh north ocean pearl quartz ridge';
const STORY = 'Rivers carry water to the sea, and the sea gives water back to the rivers by way of the rain, and the';
const LONG = `${WORDS} `.repeat(10);
/** Longer than the time it takes to send others beside. */
const MANY_TOKENS = 120;

/** Tries what shows the scheduler, the queue, and the cache of one server with one slot and `OLLAMA_MAX_QUEUE=2`. */
export async function observe(url: string, model: string): Promise<Facts> {
  const call = async (body: object): Promise<Reply> => {
    const response = await fetch(`${url}/api/generate`, {
      method: 'POST',
      body: JSON.stringify({ model, stream: false, ...body }),
    });
    return { status: response.status, body: await response.json(), endedAt: performance.now() };
  };
  const ask = (prompt: string, options: object = {}, more: object = {}) =>
    call({ prompt, options: { seed: 7, num_predict: 8, ...options }, ...more });
  /** Resolves when it works: headers come with the first token. */
  const begin = async (prompt: string, options: object) => {
    const body = JSON.stringify({ model, prompt, options: { seed: 7, ...options } });
    const response = await fetch(`${url}/api/generate`, { method: 'POST', body });
    return { endedAt: response.text().then(() => performance.now()) };
  };
  const running = async () =>
    ((await (await fetch(`${url}/api/ps`)).json()) as { models: { context_length: number }[] }).models;
  const unload = async () => {
    await call({ keep_alive: 0 });
    await until('no model is loaded', async () => (await running()).length === 0, { everyMs: 20 });
  };
  const burst = (count: number) => Promise.all(Array.from({ length: count }, (_, n) => ask(`${n} ${WORDS}`)));
  const statuses = (replies: readonly Reply[]) => replies.map(({ status }) => status).sort();

  const facts: Record<string, unknown> = {};
  await call({});
  facts['8 at once at a loaded model'] = statuses(await burst(8));

  await unload();
  const cold = await burst(12);
  const refused = cold.filter(({ status }) => status === 503);
  const served = cold.filter(({ status }) => status === 200);
  facts['12 at once at a model that is not loaded'] = {
    others: cold.length - served.length - refused.length,
    someRefused: refused.length > 0,
    atLeastQueueAndOneServed: served.length >= 3,
    refusal: refused[0]?.body.error,
    refusedBeforeTheFirstAnswer: Math.min(...refused.map(at)) < Math.min(...served.map(at)),
  };

  facts['context lengths asked for and had'] = await contextLengths();
  facts['a running request'] = await runningRequest();
  facts['requests for the old context while another one is asked for'] = await postponed();
  facts['prompt cache'] = await promptCache();
  facts.text = await texts();
  facts['two at once on one slot'] = await queueing();
  facts['keep_alive of 2 s'] = await expiry();
  return facts;

  /** Another num_ctx unloads and loads again; the same one does not. */
  async function contextLengths() {
    await unload();
    const lengths: number[] = [];
    const loads: number[] = [];
    for (const num_ctx of [512, 512, 1024, 512]) {
      loads.push((await ask(WORDS, { num_ctx })).body.load_duration);
      lengths.push(...(await running()).map(({ context_length }) => context_length));
    }
    const [, loaded = 0, again = 0, back = 0] = loads;
    return { lengths, loadedIsFaster: loaded < again && loaded < back, loadedIsNotZero: loaded > 0 };
  }

  /** A reload waits until running requests have ended. */
  async function runningRequest() {
    await ask(WORDS, { num_ctx: 512 });
    const first = await begin(LONG, { num_ctx: 512, num_predict: MANY_TOKENS });
    const second = await ask(WORDS, { num_ctx: 1024 });
    return { isFinishedBeforeItsModelIsLoadedAgain: (await first.endedAt) < second.endedAt, status: second.status };
  }

  /** They are served, and with their keep_alive they postpone the unloading for which the other one waits. */
  async function postponed() {
    await ask(WORDS, { num_ctx: 512 });
    const first = await begin(LONG, { num_ctx: 512, num_predict: MANY_TOKENS });
    const other = ask(WORDS, { num_ctx: 1024 });
    // Nothing shows that it has arrived.
    await sleep(100);
    const late = await ask(WORDS, { num_ctx: 512 }, { keep_alive: 3 });
    const oldEndedAt = Math.max(await first.endedAt, late.endedAt);
    return { otherWaitsForTheirKeepAlive: (await other).endedAt - oldEndedAt > 2000 };
  }

  async function promptCache() {
    const cost = async (prompt: string) => {
      const { prompt_eval_duration, prompt_eval_count } = (await ask(prompt, { num_predict: 1 })).body;
      return { ns: prompt_eval_duration as number, tokens: prompt_eval_count as number };
    };
    await ask('nothing in common with it', { num_predict: 1 });
    const fresh = await cost(`1 ${LONG}`);
    const same = await cost(`1 ${LONG}`);
    const longer = await cost(`1 ${LONG} and so on`);
    const otherFromTheBeginning = await cost(`2 ${LONG}`);
    return {
      sameIsCheaper: same.ns < fresh.ns / 2,
      commonBeginningIsCheaper: longer.ns < fresh.ns / 2,
      otherFromTheBeginningIsNot: otherFromTheBeginning.ns > fresh.ns / 2,
      countIsTheWhole: same.tokens === fresh.tokens,
    };
  }

  async function texts() {
    const say = async (options: object) => (await ask(STORY, { num_predict: 30, ...options })).body;
    const text: string = (await say({ seed: 5 })).response;
    const word = /(?<=\S \S+ )\S{4,}/.exec(text)?.[0];
    if (word === undefined) throw new Error(`the model says too little to stop it: ${text}`);
    const stopped = await say({ seed: 5, stop: [word] });
    const cut = await say({ seed: 5, num_predict: 3 });
    return {
      sameSeedSaysTheSame: (await say({ seed: 5 })).response === text,
      otherSeedSaysSomethingElse: (await say({ seed: 6 })).response !== text,
      stop: { isBeforeTheWord: text.indexOf(word) === stopped.response.length, done_reason: stopped.done_reason },
      num_predict: { eval_count: cut.eval_count, done_reason: cut.done_reason, begins: text.startsWith(cut.response) },
      withoutLimitGoesOn: (await chunks({ num_predict: 0 }, 4)) && (await chunks({ num_predict: -1 }, 4)),
    };
  }

  /** True when a stream brings that many chunks; it is left then. */
  async function chunks(options: object, count: number): Promise<boolean> {
    const response = await fetch(`${url}/api/generate`, {
      method: 'POST',
      body: JSON.stringify({ model, prompt: STORY, options: { seed: 5, ...options } }),
    });
    let lines = 0;
    const decoder = new TextDecoder();
    for await (const bytes of response.body as ReadableStream<Uint8Array>) {
      lines += decoder.decode(bytes).split('"done":false').length - 1;
      // Leaving the loop closes the stream.
      if (lines >= count) return true;
    }
    return false;
  }

  /** What a request waits for a slot is in its total, and in none of the parts. */
  async function queueing() {
    const both = await Promise.all([1, 2].map((n) => ask(`${n} ${LONG}`, { num_predict: 40 })));
    const parts = both
      .map(({ body }) => ({
        work: (body.prompt_eval_duration + (body.eval_duration ?? 0)) as number,
        wait: (body.total_duration -
          body.load_duration -
          body.prompt_eval_duration -
          (body.eval_duration ?? 0)) as number,
      }))
      .sort((one, other) => one.wait - other.wait);
    const [first, second] = parts as [(typeof parts)[0], (typeof parts)[0]];
    return { oneWaitsForTheOther: second.wait > first.work / 2, theOtherDoesNot: first.wait < first.work / 2 };
  }

  async function expiry() {
    await ask(WORDS, {}, { keep_alive: 2 });
    const listed = (await running()).length;
    await until('no model is loaded', async () => (await running()).length === 0, { everyMs: 20 });
    return { listed, afterwards: 0, loadsAgain: (await ask(WORDS)).status };
  }
}

const at = ({ endedAt }: Reply) => endedAt;
