import { type Answer, type Ask, type Client, outcomeOf } from './client.ts';
import { ScriptedEngine } from './scripted-engine.ts';
import { type Service, Services, type Settings } from './services.ts';

/** Bytes of a body that services here still take. */
const MOST_BYTES = 20_000;
const KEY = 'k'.repeat(43);

/** A and B in the states that clients have to be shown. */
export interface Proof {
  /** On the simulated engine. */
  readonly a: Service;
  readonly b: Service;
  /** On the engine whose models fail as they are called. */
  readonly scriptedA: Service;
  readonly scriptedB: Service;
  /** A whose B is not there; whose B's model breaks off in the middle. */
  readonly orphan: Service;
  readonly brokenOff: Service;
  /** Waits a second for its engine; with a token, with all places taken, on its way out, without its engine. */
  readonly impatient: Service;
  readonly locked: Service;
  readonly full: Service;
  readonly draining: Service;
  readonly engineless: Service;
  readonly engine: ScriptedEngine;
  close(): Promise<void>;
}

/** Starts them all. */
export async function openProof(): Promise<Proof> {
  const [services, engine, gone] = [new Services(), await ScriptedEngine.open(), await ScriptedEngine.open()];
  const leaving = new AbortController();
  const close = async () => {
    leaving.abort();
    await services.close();
    engine.close();
    gone.close();
  };
  const on = ({ url }: { readonly url: string }): Settings => ({
    ...{ ENGINE: 'openai', ENGINE_URL: url, MAX_BODY_BYTES: String(MOST_BYTES) },
    ...{ MODEL_NAME: 'fine', NUM_CTX: '1024', MAX_CONCURRENCY: '8', REMOTE_B_PROBE_SECONDS: '0' },
  });
  const scripted = on(engine);
  const toB = (url: string) => ({ REMOTE_B_URL: `${url}/invoke` });
  /** One that works on a request without end. */
  const busy = async (settings: Settings) => {
    const service = await services.startReady('service-b', { ...scripted, ...settings });
    const body = JSON.stringify({ model: 'endless', stream: true, messages: [{ role: 'user', content: 'Go on.' }] });
    const headers = { 'content-type': 'application/json' };
    const { signal } = leaving;
    const { status, body: stream } = await fetch(`${service.url}/v1/chat/completions`, {
      method: 'POST',
      headers,
      body,
      signal,
    });
    if (status !== 200) throw new Error(`an endless answer has the status ${status}`);
    const nobody = () => {};
    stream?.pipeTo(new WritableStream()).catch(nobody);
    return service;
  };
  try {
    const simulated = await services.start('engine-sim', {
      ...{ SIM_MODELS: 'tinyllama,phi3:mini', SIM_LOAD_SECONDS: '0', SIM_PULL_SECONDS: '0', SIM_SPREAD: '0' },
      ...{ SIM_PROMPT_TOKENS_PER_SECOND: '0', SIM_OUTPUT_TOKENS_PER_SECOND: '1000', OLLAMA_NUM_PARALLEL: '4' },
    });
    const onSimulated = { OLLAMA_URL: simulated.url, MAX_CONCURRENCY: '8' };
    const b = await services.startReady('service-b', onSimulated);
    const scriptedB = await services.startReady('service-b', scripted);
    const [impatient, a, scriptedA, orphan, brokenOff, locked, full, draining, engineless] = await Promise.all([
      services.startReady('service-b', { ...scripted, OLLAMA_TIMEOUT_SECONDS: '1' }),
      services.startReady('service-a', { ...onSimulated, ...toB(b.url) }),
      services.startReady('service-a', { ...scripted, ...toB(scriptedB.url) }),
      services.startReady('service-a', { ...scripted, ...toB('http://127.0.0.1:9') }),
      services.startReady('service-a', { ...scripted, ...toB(scriptedB.url), REMOTE_B_MODEL: 'reports' }),
      services.startReady('service-b', { ...scripted, AUTH_TOKEN: KEY }),
      busy({ MAX_CONCURRENCY: '1', MAX_QUEUE: '0' }),
      busy({ DRAIN_SECONDS: '300' }),
      services.startReady('service-b', on(gone)),
    ]);
    gone.close();
    draining.terminate();
    return {
      ...{ impatient, a, b, scriptedA, scriptedB, orphan, brokenOff, locked, full, draining, engineless, engine },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What a client is told of a failure: where, what is asked, and what it has to show. */
export interface Failure {
  readonly title: string;
  readonly ask: (proof: Proof) => Ask;
  readonly reason: RegExp;
}

const at = (service: Service, model: string, more: Partial<Ask> = {}): Ask => ({ base: service.url, model, ...more });

/** Every status of the contract that a client can bring about. */
export const FAILURES: readonly Failure[] = [
  {
    title: '400: a field',
    ask: ({ scriptedB }) => at(scriptedB, 'fine', { temperature: 5 }),
    reason: /temperature/,
  },
  {
    title: '400: a context that is too long',
    ask: ({ scriptedB }) => at(scriptedB, 'too-long'),
    reason: /context length/,
  },
  { title: '401: no token', ask: ({ locked }) => at(locked, 'fine'), reason: /token/ },
  { title: '401: a wrong token', ask: ({ locked }) => at(locked, 'fine', { key: 'x'.repeat(43) }), reason: /token/ },
  { title: '404: a model', ask: ({ scriptedB }) => at(scriptedB, 'no-such-model'), reason: /no-such-model/ },
  {
    title: '413: a large body',
    ask: ({ scriptedB }) => at(scriptedB, 'fine', { text: 'x'.repeat(MOST_BYTES) }),
    reason: new RegExp(`${MOST_BYTES}`),
  },
  { title: '502: the engine fails', ask: ({ scriptedB }) => at(scriptedB, 'crashed'), reason: /runner has crashed/ },
  { title: '502: B is not there', ask: ({ orphan }) => at(orphan, 'chain'), reason: /remote\(B\) error/ },
  { title: '503: all places are taken', ask: ({ full }) => at(full, 'fine'), reason: /overloaded/ },
  { title: '503: it drains', ask: ({ draining }) => at(draining, 'fine'), reason: /draining/ },
  { title: '503: the engine has too much', ask: ({ scriptedB }) => at(scriptedB, 'limited'), reason: /overloaded/ },
  { title: '503: the engine is away', ask: ({ scriptedB }) => at(scriptedB, 'away'), reason: /holiday/ },
  { title: '503: the engine is gone', ask: ({ engineless }) => at(engineless, 'fine'), reason: /connect/i },
  { title: '504: the engine is silent', ask: ({ impatient }) => at(impatient, 'silent'), reason: /1 s|timed out/ },
];

/** Streams that end in the middle: the text so far is no answer. */
export const BROKEN: readonly Failure[] = [
  { title: 'the engine resets', ask: ({ scriptedB }) => at(scriptedB, 'cut'), reason: /engine|ollama/ },
  { title: 'the engine ends early', ask: ({ scriptedB }) => at(scriptedB, 'early'), reason: /engine|ollama/ },
  {
    title: 'the engine says why',
    ask: ({ scriptedB }) => at(scriptedB, 'reports'),
    reason: /out of memory on layer 7/,
  },
  { title: 'the engine sends garbage', ask: ({ scriptedB }) => at(scriptedB, 'garbage'), reason: /engine|ollama/ },
  { title: 'the engine stalls', ask: ({ impatient }) => at(impatient, 'stuck'), reason: /1 s|timed out/ },
  { title: 'the engine of A', ask: ({ scriptedA }) => at(scriptedA, 'reports'), reason: /out of memory on layer 7/ },
  {
    title: "B's engine, behind A",
    ask: ({ brokenOff }) => at(brokenOff, 'chain'),
    reason: /remote\(B\).*out of memory on layer 7/,
  },
];

/** With the token, a client gets its answer. */
export const allowed = ({ locked }: Proof) => at(locked, 'fine', { key: KEY });

/** Asks for a chat, and as a stream. */
export async function bothWays(client: Client, ask: Ask): Promise<Answer[]> {
  return [await client.chat(ask), await client.stream(ask)];
}

/** What a client shows of a failure, asked both ways; an answer is named as what it is: none that should have come. */
export async function shownBothWays(client: Client, ask: Ask): Promise<string[]> {
  return [await shown(client.chat(ask)), await shown(client.stream(ask))];
}

/** What a client shows instead of an answer. */
export async function shown(answering: Promise<Answer>): Promise<string> {
  const outcome = await outcomeOf(answering);
  return 'shown' in outcome ? outcome.shown : `taken for an answer: ${JSON.stringify(outcome.answer)}`;
}
