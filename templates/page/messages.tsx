import { CopyButton } from './copy.tsx';
import { memo } from './memo.ts';
import { ModelText } from './text.tsx';
import { figuresOf, type Turn } from './turns.ts';
import { Waiting } from './waiting.tsx';

interface TurnProps {
  readonly turn: Turn;
  readonly busy: boolean;
  /** Asks again what got no whole answer; undefined while something is being answered. */
  readonly again: ((turn: Turn) => void) | undefined;
}

/** A question and its answer. Drawn again only when the turn is another one. */
export const TurnView = memo(({ turn, busy, again }: TurnProps) => {
  const { answer, state, error, reasoning } = turn;
  return (
    <>
      {turn.question.trim() !== '' && (
        <div class="message user">
          <span class="said">You said: </span>
          <div class="message-content" dir="auto">
            {turn.question}
          </div>
        </div>
      )}
      {(answer !== '' || busy || state === 'stopped' || (state === 'complete' && error === null)) && (
        <div class={`message assistant ${busy ? 'busy' : ''}`}>
          <span class="said">Answer: </span>
          {reasoning !== undefined && (
            <details class="reasoning">
              <summary>Reasoning</summary>
              <div dir="auto">{reasoning}</div>
            </details>
          )}
          <div class="message-content">
            {answer !== '' ? (
              <ModelText text={answer} />
            ) : busy ? (
              <Waiting since={turn.createdAt} step={turn.running} />
            ) : (
              <span class="quiet">{state === 'stopped' ? 'Stopped before the first word.' : '(an empty answer)'}</span>
            )}
          </div>
          {!busy && <Figures turn={turn} />}
          {!busy && answer !== '' && <CopyButton text={answer} label="Copy answer" />}
        </div>
      )}
      {!busy && (error !== null || state === 'failed') && (
        <div class="message assistant error">
          <div class="message-content" dir="auto">
            Error: {error ?? 'the answer failed'}
          </div>
        </div>
      )}
      {!busy && state === 'pending' && (
        <p class="remark">Not answered: its page was closed, or another tab still waits.</p>
      )}
      {!busy && again !== undefined && state !== 'complete' && (
        <div class="row tools">
          <button type="button" class="plain" onClick={() => again(turn)}>
            Try again
          </button>
        </div>
      )}
    </>
  );
});

function Figures({ turn }: { readonly turn: Turn }) {
  const figures = figuresOf(turn);
  const { chainctl, finish, trimmed = 0, state, answer } = turn;
  const earlier = (chainctl?.steps ?? []).filter(({ text, error }) => text || error);
  return (
    <>
      {state === 'stopped' && answer !== '' && <p class="remark">Stopped.</p>}
      {state === 'failed' && <p class="remark">Incomplete.</p>}
      {finish === 'length' && <p class="remark">Cut off: it is as long as an answer may be.</p>}
      {finish === 'content_filter' && <p class="remark">Ended by the engine's content filter.</p>}
      {trimmed > 0 && (
        <p class="remark">
          The model was not told {trimmed === 1 ? 'the oldest message' : `the ${trimmed} oldest messages`}.
        </p>
      )}
      {figures.length > 0 && (
        <div class="figures">
          {chainctl?.simulated && <span class="simulated">simulated</span>}
          <dl>
            {figures.map(([label, value]) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </div>
      )}
      {earlier.map(({ name, text, error }) => (
        <details key={name} class="step">
          <summary>
            What step {name} {error ? 'could not do' : 'said'}
          </summary>
          <div dir="auto">{error ?? text}</div>
        </details>
      ))}
    </>
  );
}
