import type { Conversation } from './api.ts';

interface SidebarProps {
  readonly list: readonly Conversation[];
  readonly current: string;
  readonly more: boolean;
  readonly unkept: string | undefined;
  readonly open: (id: string) => void;
  readonly remove: (conversation: Conversation | undefined) => void;
  readonly listMore: () => void;
}

/** The conversations that are kept. */
export function Sidebar({ list, current, more, unkept, open, remove, listMore }: SidebarProps) {
  return (
    <nav id="history" aria-label="Conversations">
      <h2>Conversations</h2>
      {list.length === 0 && <p class="quiet">{unkept === undefined ? 'None yet.' : 'None: they are not kept.'}</p>}
      <ul>
        {list.map((each) => (
          <li key={each.id}>
            <a
              href={`#${each.id}`}
              aria-current={each.id === current ? 'page' : undefined}
              onClick={(event) => {
                // With a key held the browser opens another tab.
                if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.preventDefault();
                open(each.id);
              }}
            >
              <span class="title" dir="auto">
                {each.title || 'Untitled'}
              </span>
              <span class="quiet">{dayOf(each.updated_at)}</span>
            </a>
            <button
              type="button"
              class="icon"
              aria-label={`Delete ${each.title || 'Untitled'}`}
              title="Delete"
              onClick={() => remove(each)}
            >
              <span aria-hidden="true">×</span>
            </button>
          </li>
        ))}
      </ul>
      {more && (
        <button type="button" onClick={listMore}>
          Show older ones
        </button>
      )}
      {list.length > 0 && (
        <button type="button" class="plain" onClick={() => remove(undefined)}>
          Delete all
        </button>
      )}
    </nav>
  );
}

/** Today's by the time, others by the date; in the reader's own form. */
function dayOf(time: string): string {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday
    ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleDateString([], { day: 'numeric', month: 'short', year: 'numeric' });
}
