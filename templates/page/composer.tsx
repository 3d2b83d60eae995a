import type { RefObject } from 'preact';
import { useState } from 'preact/hooks';

interface ComposerProps {
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly busy: boolean;
  readonly send: (text: string) => void;
  readonly stop: () => void;
}

export function Composer({ field, busy, send, stop }: ComposerProps) {
  const [text, setText] = useState('');
  const submit = () => {
    if (busy || text.trim() === '') return;
    send(text);
    setText('');
    field.current?.focus();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <label class="said" for="question">
        Message
      </label>
      <textarea
        ref={field}
        id="question"
        rows={1}
        dir="auto"
        placeholder="Type your message..."
        enterkeyhint="send"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          // While a word is being composed (Japanese, Chinese, ...), Enter chooses it.
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          submit();
        }}
      />
      {busy && (
        <button
          type="button"
          class="stop"
          onClick={() => {
            stop();
            field.current?.focus();
          }}
        >
          Stop
        </button>
      )}
      <button type="submit" class="main" disabled={busy || text.trim() === ''}>
        Send
      </button>
    </form>
  );
}
