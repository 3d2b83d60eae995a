import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Conversation } from './api.ts';
import type { Chat } from './chat.ts';
import { Composer } from './composer.tsx';
import { ConfirmDialog, TokenDialog } from './dialogs.tsx';
import { TurnView } from './messages.tsx';
import { Sidebar } from './sidebar.tsx';
import { exportOf, type Turn } from './turns.ts';

/** So many turns are drawn, and so many more when earlier ones are asked for. */
const SHOWN = 50;
/** Whoever is so near to the end, in pixels, wants to see what comes. */
const NEAR_END = 120;

export function App({ chat }: { readonly chat: Chat }) {
  const [state, setState] = useState(chat.state);
  const [shown, setShown] = useState(SHOWN);
  const [drawer, setDrawer] = useState(false);
  const [asked, setAsked] = useState<{ readonly conversation: Conversation | undefined }>();
  const field = useRef<HTMLTextAreaElement>(null);
  const menu = useRef<HTMLButtonElement>(null);
  const log = useRef<HTMLElement>(null);
  const atEnd = useRef(true);
  useEffect(() => chat.subscribe(() => setState(chat.state)), [chat]);
  const { id, turns, busy } = state;
  // biome-ignore lint/correctness/useExhaustiveDependencies: with another conversation the view begins anew
  useEffect(() => {
    setShown(SHOWN);
    setDrawer(false);
    atEnd.current = true;
    field.current?.focus();
  }, [id]);
  // After drawing and before it is seen: the end stays in view, unless the reader has gone up.
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is drawn changes with these
  useLayoutEffect(() => {
    if (atEnd.current) log.current?.scrollTo({ top: log.current.scrollHeight });
  }, [turns, busy]);
  useEffect(() => {
    if (!drawer) return;
    const onKey = ({ key }: KeyboardEvent) => {
      if (key !== 'Escape' || document.querySelector('dialog') !== null) return;
      setDrawer(false);
      menu.current?.focus();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [drawer]);
  const answer = (yes: boolean) => {
    const conversation = asked?.conversation;
    setAsked(undefined);
    if (yes) void chat.remove(conversation?.id).then(() => field.current?.focus());
  };
  const again = useCallback(
    (turn: Turn) => {
      atEnd.current = true;
      void chat.send(turn.question, turn.id);
      field.current?.focus();
    },
    [chat],
  );
  const hidden = Math.max(0, turns.length - shown);
  return (
    <div class={`page ${drawer ? 'drawer' : ''}`}>
      <header>
        <button
          ref={menu}
          type="button"
          class="menu"
          aria-expanded={drawer}
          aria-controls="history"
          onClick={() => setDrawer(!drawer)}
        >
          History
        </button>
        <h1>ChatLLM</h1>
        <label class="model">
          <span>Model</span>
          <select value={state.model} onChange={(event) => chat.chooseModel(event.currentTarget.value)}>
            {state.models.length === 0 && <option value="">default</option>}
            {state.models.map((model) => (
              <option key={model} value={model}>
                {model}
              </option>
            ))}
          </select>
        </label>
        <button type="button" onClick={() => chat.newChat()}>
          New chat
        </button>
      </header>
      <main>
        <Sidebar
          list={state.list}
          current={id}
          more={state.more !== null}
          unkept={state.unkept}
          open={(each) => {
            setDrawer(false);
            void chat.open(each);
          }}
          remove={(conversation) => setAsked({ conversation })}
          listMore={() => void chat.listMore()}
        />
        <div class="chat">
          <div role="status" class="notices">
            {state.unkept !== undefined && <p class="notice">History is not kept: {state.unkept}</p>}
            {state.notice !== undefined && <p class="notice">{state.notice}</p>}
          </div>
          <section
            ref={log}
            class="log"
            aria-label="Messages"
            aria-busy={busy !== undefined}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
            tabIndex={0}
            onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
              atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
            }}
          >
            <div class="column">
              {turns.length === 0 && <p class="empty">{state.loading ? 'Loading...' : 'Ask something.'}</p>}
              {hidden > 0 && (
                <button type="button" class="plain" onClick={() => setShown(shown + SHOWN)}>
                  Show earlier messages ({hidden * 2} more)
                </button>
              )}
              {turns.slice(hidden).map((turn) => (
                <TurnView
                  key={turn.id}
                  turn={turn}
                  busy={turn.id === busy}
                  again={busy === undefined ? again : undefined}
                />
              ))}
              {turns.length > 0 && busy === undefined && (
                <div class="row tools">
                  <button type="button" class="plain" onClick={() => save(exportOf(state, 'json', new Date()))}>
                    Export JSON
                  </button>
                  <button type="button" class="plain" onClick={() => save(exportOf(state, 'markdown', new Date()))}>
                    Export Markdown
                  </button>
                  <button
                    type="button"
                    class="plain"
                    onClick={() => setAsked({ conversation: { id, title: '', updated_at: '', turns: turns.length } })}
                  >
                    Delete
                  </button>
                </div>
              )}
            </div>
          </section>
          <Composer
            field={field}
            busy={busy !== undefined}
            send={(text) => {
              atEnd.current = true;
              void chat.send(text);
            }}
            stop={() => chat.stop()}
          />
        </div>
      </main>
      <div class="said" aria-live="polite">
        {state.announced}
      </div>
      {state.tokenWanted !== undefined && (
        <TokenDialog why={state.tokenWanted} give={(token) => chat.giveToken(token)} />
      )}
      {asked !== undefined && (
        <ConfirmDialog
          question={
            asked.conversation === undefined
              ? 'Delete all conversations?'
              : asked.conversation.title === ''
                ? 'Delete this conversation?'
                : `Delete “${asked.conversation.title}”?`
          }
          onAnswer={answer}
        />
      )}
    </div>
  );
}

/** Hands a file to the browser, as if it had been downloaded. */
function save({ name, type, text }: { readonly name: string; readonly type: string; readonly text: string }): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
