import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface ModalProps {
  readonly label: string;
  readonly onCancel: () => void;
  readonly children: ComponentChildren;
}

/** The browser's own dialog: it keeps the focus inside, ends with Escape, and gives the focus back. */
function Modal({ label, onCancel, children }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    const shown = dialog.current;
    shown?.showModal();
    return () => {
      shown?.close();
      // It is being taken out of the page: the browser's own way back comes too late.
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        onCancel();
      }}
    >
      {children}
    </dialog>
  );
}

export function TokenDialog({
  why,
  give,
}: {
  readonly why: string;
  readonly give: (token: string | undefined) => void;
}) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <Modal label="Token" onCancel={() => give(undefined)}>
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          const token = field.current?.value.trim();
          if (token) give(token);
        }}
      >
        <h2>This service asks for its token</h2>
        <p id="why">{why}</p>
        <label for="token">Token</label>
        <input ref={field} id="token" type="password" autocomplete="off" aria-describedby="why" required />
        <p class="quiet">
          Whoever deployed the service has it: <code>chainctl status</code> says in which file.
        </p>
        <p class="quiet">It is kept in this tab only, until it is closed.</p>
        <div class="row">
          <button type="button" onClick={() => give(undefined)}>
            Cancel
          </button>
          <button type="submit" class="main">
            Use it
          </button>
        </div>
      </form>
    </Modal>
  );
}

interface ConfirmProps {
  readonly question: string;
  readonly onAnswer: (yes: boolean) => void;
}

export function ConfirmDialog({ question, onAnswer }: ConfirmProps) {
  return (
    <Modal label={question} onCancel={() => onAnswer(false)}>
      <h2>{question}</h2>
      <p>It cannot be brought back.</p>
      <div class="row">
        <button type="button" onClick={() => onAnswer(false)}>
          Keep
        </button>
        <button type="button" class="danger" onClick={() => onAnswer(true)}>
          Delete
        </button>
      </div>
    </Modal>
  );
}
