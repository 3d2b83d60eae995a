type TurnState = 'pending' | 'complete' | 'stopped' | 'failed';

/** A question and its answer, as the page shows them. */
export interface Turn {
  readonly id: string;
  /** Its place in the conversation; undefined until the server has kept it. */
  readonly position?: number;
  readonly question: string;
  readonly answer: string;
  readonly state: TurnState;
  readonly model: string | null;
  readonly error: string | null;
  readonly chainctl: Measured | null;
  readonly createdAt: string;
  /** Why the model ended, where it was not because it had said all. */
  readonly finish?: string;
  /** How many earlier messages the service left out. */
  readonly trimmed?: number;
  /** The step at work, while it is answered. */
  readonly running?: string | undefined;
  /** What a reasoning model says before its answer. */
  readonly reasoning?: string;
}

/** The `chainctl` object of an answer. Of what is not there nothing is shown. */
export interface Measured {
  readonly first_token_seconds?: number;
  readonly total_seconds?: number;
  /** Of all steps together. */
  readonly usage?: { readonly completion_tokens?: number };
  /** How many pieces came of an answer that has no end; mostly a token each. */
  readonly output_pieces?: number;
  readonly simulated?: boolean;
  readonly steps?: readonly Step[];
}

export interface Step {
  readonly name?: string;
  readonly model?: string;
  readonly host?: string;
  readonly seconds?: number;
  readonly first_token_seconds?: number;
  readonly output_tokens?: number;
  readonly text?: string;
  readonly error?: string;
}

export interface Message {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** What the model is told: every question that got an answer, or part of one, and the new one. Roles take turns, as models need it. */
export function messagesFor(turns: readonly Turn[], question: string): Message[] {
  const answered = turns.filter(({ answer, question: asked }) => answer.trim() !== '' && asked.trim() !== '');
  return [
    ...answered.flatMap((turn): Message[] => [
      { role: 'user', content: turn.question },
      { role: 'assistant', content: turn.answer },
    ]),
    { role: 'user', content: question },
  ];
}

/** Turns of two sources as one list: by their places; what has none yet comes last, in its own order. */
export function merged(mine: readonly Turn[], kept: readonly Turn[], busy?: string): Turn[] {
  const all = new Map(mine.map((turn) => [turn.id, turn]));
  for (const turn of kept) {
    const own = all.get(turn.id);
    // What is being said here is known better here; so is what the server has not heard yet.
    const ownIsNewer = own && (turn.id === busy || own.answer.length > turn.answer.length);
    const position = turn.position ?? own?.position;
    const newer = ownIsNewer ? own : { ...own, ...turn };
    all.set(turn.id, position === undefined ? newer : { ...newer, position });
  }
  return [...all.values()].sort((one, other) => (one.position ?? Infinity) - (other.position ?? Infinity) || 0);
}

function titleOf(turns: readonly Turn[]): string {
  const line = turns[0]?.question.trim().split('\n', 1)[0] ?? '';
  const characters = [...line];
  return characters.length > 80 ? `${characters.slice(0, 79).join('')}…` : line;
}

/** One thing that was measured, in words: `["B, phi3:mini", "1.50 s"]`. */
export type Figure = readonly [label: string, value: string];

/** The times of an answer: of both hops where there are two, until the first word, and in all; and its tokens. */
export function figuresOf({ chainctl, model }: Pick<Turn, 'chainctl' | 'model'>): Figure[] {
  if (chainctl === null) return [];
  const { steps = [], first_token_seconds: first, usage, output_pieces: pieces } = chainctl;
  const tokens = steps.at(-1)?.output_tokens ?? usage?.completion_tokens;
  return [
    ...(steps.length === 0 && model !== null ? [['model', model] as const] : []),
    ...steps.map((step): Figure => {
      const name = [step.name, step.model].filter(Boolean).join(' · ');
      return [name, step.error === undefined ? seconds(step.seconds) : 'skipped'];
    }),
    ...(isNumber(first) ? [['first word', seconds(first)] as const] : []),
    ['in all', seconds(chainctl.total_seconds)],
    // Of an answer without an end only the pieces were counted.
    ...(isNumber(pieces)
      ? [['tokens', `about ${pieces}`] as const]
      : isNumber(tokens)
        ? [['tokens', String(tokens)] as const]
        : []),
  ];
}

function seconds(value: number | undefined): string {
  if (!isNumber(value)) return '?';
  return value < 10 ? `${value.toFixed(2)} s` : `${value.toFixed(1)} s`;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** A conversation as a file: messages as clients send them, with what is known of each answer. */
export function asJson(id: string, turns: readonly Turn[], now: Date): string {
  const messages = turns.flatMap((turn) => [
    { role: 'user', content: turn.question, created_at: turn.createdAt },
    {
      role: 'assistant',
      content: turn.answer,
      state: turn.state,
      model: turn.model,
      ...(turn.error !== null && { error: turn.error }),
      chainctl: turn.chainctl,
    },
  ]);
  return `${JSON.stringify({ id, title: titleOf(turns), exported_at: now.toISOString(), messages }, null, 2)}\n`;
}

export function asMarkdown(turns: readonly Turn[], now: Date): string {
  const parts = turns.map((turn) => {
    const figures = figuresOf(turn).map(([label, value]) => `${label} ${value}`);
    if (turn.chainctl?.simulated) figures.unshift('simulated');
    return [
      `## You\n\n${turn.question}`,
      `## ${turn.model ?? 'Answer'}\n\n${turn.answer}`,
      ...(turn.state === 'complete' ? [] : [`*${turn.error ?? turn.state}*`]),
      ...(figures.length > 0 ? [`*${figures.join(', ')}*`] : []),
    ].join('\n\n');
  });
  return `# ${titleOf(turns) || 'Conversation'}\n\nExported ${now.toISOString()}\n\n${parts.join('\n\n')}\n`;
}

/** @returns the name and the text of a file */
export function exportOf(
  { id, turns }: { readonly id: string; readonly turns: readonly Turn[] },
  format: 'json' | 'markdown',
  now: Date,
): { readonly name: string; readonly type: string; readonly text: string } {
  const words = titleOf(turns)
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  const name = words || 'chat';
  return format === 'json'
    ? { name: `${name}.json`, type: 'application/json', text: asJson(id, turns, now) }
    : { name: `${name}.md`, type: 'text/markdown', text: asMarkdown(turns, now) };
}
