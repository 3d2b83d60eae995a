import { answered } from './answering.ts';
import { Api, Failure } from './api.ts';
import { idInAddress, newId, remember, remembered } from './browser.ts';
import { Keeper } from './keeper.ts';
import { DELETED, GONE, type State, spoken, textOf } from './state.ts';
import { merged, messagesFor, type Turn } from './turns.ts';

/** The page's whole behaviour, apart from what is drawn. */
export class Chat {
  state: State;
  readonly #api: Api;
  readonly #keeper: Keeper;
  readonly #listeners = new Set<() => void>();
  readonly #tabs: Pick<BroadcastChannel, 'postMessage'>;
  #abort: AbortController | undefined;
  /** The conversation that could not be read. */
  #unloaded: string | undefined;
  #token: PromiseWithResolvers<void> | undefined;

  constructor() {
    this.state = {
      id: idInAddress() ?? newId(),
      ...{ turns: [], loading: false, busy: undefined, models: [], model: remembered('model') ?? '', list: [] },
      ...{ more: null, unkept: undefined, notice: undefined, tokenWanted: undefined, announced: '' },
      simulated: false,
    };
    this.#api = new Api(
      () => remembered('token'),
      (why) => this.#askToken(why),
    );
    this.#keeper = new Keeper(this.#api, {
      kept: (conversation, turn, position) => {
        this.#update(conversation, turn.id, { position });
        this.#tabs.postMessage({ conversation, position });
        void this.refreshList();
      },
      deleted: (conversation) => {
        this.#keeper.forget(conversation);
        if (conversation === this.state.id) this.set({ notice: DELETED });
      },
      refused: (conversation, why) => {
        if (conversation === this.state.id) this.set({ notice: `What is said here now is not kept: ${why}` });
      },
      reason: (unkept) => {
        if (unkept !== this.state.unkept) this.set({ unkept });
      },
      again: () => void this.#again(),
    });
    const tabs = new BroadcastChannel('chainctl-history');
    tabs.onmessage = ({ data }) => void this.#onOtherTab(data);
    this.#tabs = tabs;
    addEventListener('hashchange', () => void this.open(idInAddress() ?? newId()));
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') void this.#again();
    });
    addEventListener('beforeunload', (event) => {
      if (this.#keeper.waiting > 0 && this.state.unkept !== undefined) event.preventDefault();
    });
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.#listeners) listener();
  }

  async start(): Promise<void> {
    await Promise.all([
      this.#loadModels(),
      this.#lookAtEngine(),
      this.refreshList(),
      idInAddress() !== undefined && this.#load(this.state.id),
    ]);
  }

  chooseModel(model: string): void {
    remember('model', model);
    this.set({ model });
  }

  /** Another conversation: what is being answered is stopped, and what there is of it kept. */
  async open(id: string): Promise<void> {
    if (id === this.state.id) return;
    this.stop();
    this.set({ id, turns: [], notice: undefined, announced: '' });
    if (location.hash.slice(1) !== id) history.pushState(null, '', `#${id}`);
    await this.#load(id);
  }

  newChat(): void {
    this.stop();
    this.set({ id: newId(), turns: [], notice: undefined, announced: '', loading: false });
    history.pushState(null, '', location.pathname);
  }

  stop(): void {
    this.#abort?.abort();
  }

  /** @param instead a turn that got no whole answer: the model is not told of it */
  async send(text: string, instead?: string): Promise<void> {
    const question = text.trim();
    if (question === '' || this.state.busy !== undefined) return;
    const { id, model, simulated } = this.state;
    const turn: Turn = {
      ...{ id: newId(), question, answer: '', state: 'pending', model: model || null, error: null, chainctl: null },
      createdAt: new Date().toISOString(),
    };
    const messages = messagesFor(
      this.state.turns.filter((each) => each.id !== instead),
      question,
    );
    const abort = new AbortController();
    this.#abort = abort;
    this.set({ turns: [...this.state.turns, turn], busy: turn.id, announced: '' });
    if (location.hash.slice(1) !== id) history.replaceState(null, '', `#${id}`);
    if (this.state.notice !== DELETED) this.#keeper.keep(id, turn);
    const ask = { conversation: id, turn, messages, simulated, signal: abort.signal };
    const ended = await answered(this.#api, ask, (change) => this.#update(id, turn.id, change));
    if (this.#abort === abort) this.#abort = undefined;
    if (this.state.busy === turn.id) this.set({ busy: undefined });
    this.#update(id, turn.id, ended);
    if (this.state.id === id) this.set({ announced: spoken(ended) });
    if (this.state.notice !== DELETED) this.#keeper.keep(id, { ...turn, ...ended });
  }

  async refreshList(): Promise<void> {
    const page = await this.#history(() => this.#api.conversations(null));
    if (page) this.set({ list: page.data, more: page.next });
  }

  async listMore(): Promise<void> {
    const page = await this.#history(() => this.#api.conversations(this.state.more));
    if (!page) return;
    const known = new Set(this.state.list.map(({ id }) => id));
    this.set({ list: [...this.state.list, ...page.data.filter(({ id }) => !known.has(id))], more: page.next });
  }

  /** @param id undefined: all of them */
  async remove(id: string | undefined): Promise<void> {
    const isOpen = id === undefined || id === this.state.id;
    if (isOpen) this.stop();
    this.#keeper.forget(id);
    try {
      await this.#api.remove(id);
    } catch (error) {
      // What was never kept is gone with the page's own copy.
      if (!(error instanceof Failure && (error.status === 404 || error.code === 'history_off'))) {
        this.set({ notice: `It could not be deleted: ${textOf(error)}` });
        return;
      }
    }
    this.#tabs.postMessage({ deleted: id ?? null });
    if (isOpen) this.newChat();
    await this.refreshList();
  }

  /** @param token undefined: there will be none */
  giveToken(token: string | undefined): void {
    const asked = this.#token;
    this.#token = undefined;
    this.set({ tokenWanted: undefined });
    if (token === undefined) asked?.reject(new Error('no token'));
    else {
      remember('token', token);
      asked?.resolve();
    }
  }

  #askToken(why: string): Promise<void> {
    this.#token ??= Promise.withResolvers<void>();
    if (this.state.tokenWanted !== why) this.set({ tokenWanted: why });
    return this.#token.promise;
  }

  async #loadModels(): Promise<void> {
    try {
      const models = await this.#api.models();
      const { model } = this.state;
      this.set({ models, model: models.includes(model) ? model : (models[0] ?? '') });
    } catch (error) {
      this.set({ models: [], notice: `The models cannot be listed: ${textOf(error)}` });
    }
  }

  /** An answer without its end does not say whether a model made it. */
  async #lookAtEngine(): Promise<void> {
    const simulated = await this.#api.simulated().catch(() => false);
    this.set({ simulated });
  }

  /** Reads a conversation page by page; the page shows what has come. */
  async #load(id: string): Promise<void> {
    this.set({ loading: true });
    let after: number | null = 0;
    while (after !== null && this.state.id === id) {
      const from: number = after;
      const page = await this.#history(() => this.#api.turns(id, from));
      if (page === null && this.state.id === id && this.state.turns.length === 0) {
        this.newChat();
        this.set({ notice: GONE });
        return;
      }
      this.#unloaded = page === undefined && this.state.unkept !== undefined ? id : undefined;
      if (page && this.state.id === id) this.set({ turns: merged(this.state.turns, page.data, this.state.busy) });
      after = (page?.next as number | null | undefined) ?? null;
    }
    if (this.state.id === id) this.set({ loading: false });
  }

  /** What could not be written and read before. */
  async #again(): Promise<void> {
    await this.#keeper.work();
    await this.refreshList();
    if (this.#unloaded === this.state.id) await this.#load(this.state.id);
  }

  async #onOtherTab(data: { conversation?: string; position?: number; deleted?: string | null }): Promise<void> {
    const { id } = this.state;
    if (data.deleted !== undefined) {
      this.#keeper.forget(data.deleted ?? undefined);
      const isOpen = data.deleted === null || data.deleted === id;
      if (isOpen && this.state.turns.length > 0) this.set({ notice: DELETED });
    }
    await this.refreshList();
    if (data.conversation !== id || data.position === undefined) return;
    const page = await this.#history(() => this.#api.turns(id, (data.position as number) - 1, 1));
    if (page && this.state.id === id) this.set({ turns: merged(this.state.turns, page.data, this.state.busy) });
  }

  /** What history answers; null where there is none of it, undefined where it cannot, and then the page says so. */
  async #history<T>(work: () => Promise<T>): Promise<T | null | undefined> {
    try {
      const result = await work();
      if (this.state.unkept !== undefined && this.#keeper.waiting === 0) this.set({ unkept: undefined });
      return result;
    } catch (error) {
      if (error instanceof Failure && error.status === 404 && error.code !== 'history_off') return null;
      this.#keeper.fault(error);
      return undefined;
    }
  }

  #update(conversation: string, turn: string, change: Partial<Turn>): void {
    if (conversation !== this.state.id) return;
    const turns = this.state.turns.map((each) => (each.id === turn ? { ...each, ...change } : each));
    this.set({ turns: change.position === undefined ? turns : merged(turns, [], this.state.busy) });
  }
}
