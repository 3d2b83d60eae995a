import { RemedyError, remedy } from '../errors.ts';
import { redacted, withoutValues } from '../redacted.ts';
import { shellWord } from '../services/words.ts';
import { nearest } from './nearest.ts';

/** What was typed: the words of the command, which has been found, and those after it; `flags` and `args` are those that it has. */
interface Typed {
  readonly command: string;
  readonly argv: readonly string[];
  readonly flags: readonly string[];
  readonly args?: readonly string[];
}

export function seeHelp(command: string): string {
  return `see the flags and examples: chainctl ${command} --help`;
}

/**
 * oclif's complaint about what was typed (a flag that there is not, a bad value), as an error like any other, with what was
 * probably meant. It repeats no value of a header.
 */
export function usageError(thrown: Error, typed: Typed): RemedyError {
  const error = complaint(thrown, typed);
  const shown = (text: string) => withoutValues(text, typed.argv);
  const { code, exit, message, nextSteps, cause } = error;
  if ([message, ...nextSteps].every((text) => shown(text) === text)) return error;
  // What caused it, or its own trace, may repeat it.
  const safe = cause instanceof Error && shown(cause.message) !== cause.message ? {} : { cause };
  return new RemedyError(shown(message), { code, exit, nextSteps: nextSteps.map(shown), ...safe });
}

function complaint(thrown: Error, { command, argv, flags, args = [] }: Typed): RemedyError {
  if (thrown instanceof RemedyError) return withoutParserNoise(thrown, command);
  const alone = /^Unexpected argument: (\S+)/.exec(thrown.message)?.[1] ?? '';
  if (isAddress(alone) && flags.includes('target')) return addressAlone(command, argv, alone);
  const given = args.includes('url') ? targetOf(argv) : undefined;
  if (given !== undefined && /^Nonexistent flags?: --target\b/.test(thrown.message)) {
    const step = commandLine(command, [withScheme(given.address), ...given.others]);
    return remedy.usage('usage', `${command} takes the address without --target`, [step, seeHelp(command)]);
  }
  const message = thrown.message
    .split('\n')
    .map((line) => line.trim().replace(/^Missing required flag (?=\w)/, 'Missing required flag --'))
    .filter((line) => line !== '' && !/^(See more help|The following errors? occurred:$)/.test(line))
    .join(' ');
  const steps = [...engineElsewhere(message), ...correctionsOf(message, argv, { command, flags })];
  return remedy.usage('usage', message.replaceAll(KEY_VALUE, '$1'), [...steps, seeHelp(command)], thrown);
}

/** That a command does not exist, with what was probably meant by its words. */
export function unknownCommand(argv: readonly string[], commands: readonly string[]): RemedyError {
  const options = argv.findIndex((word) => word.startsWith('-'));
  const words = options === -1 ? argv : argv.slice(0, options);
  const before = commands.find((command) => `${words.join(' ')} `.startsWith(`${command} `));
  if (before !== undefined) {
    const extra = words.slice(before.split(' ').length).join(' ');
    if (isAddress(extra) && WITH_TARGET.includes(before)) {
      return addressAlone(before, argv.slice(before.split(' ').length), extra);
    }
    return remedy.usage('usage', `${before} takes no argument "${extra}"`, [seeHelp(before)]);
  }
  const [first = ''] = words;
  if (isAddress(first)) {
    return remedy.usage('usage', `${first} is no command`, [
      `a look of a minute: ${commandLine('quick', [withScheme(first), ...argv.slice(1)])}`,
      `a load: ${commandLine('load', ['--target', withScheme(first), ...argv.slice(1)])}`,
    ]);
  }
  // A command may be followed by arguments: each is compared with as many words as it has.
  const near = commands.filter(
    (command) => nearest(words.slice(0, command.split(' ').length).join(' '), [command]) !== undefined,
  );
  const meant = nearest(words.join(' '), near) ?? near[0];
  const topic = commands.some((command) => command.startsWith(`${words[0]} `)) ? ` ${words[0]}` : '';
  const steps = [`see all commands: chainctl${topic} --help`];
  if (meant) steps.unshift(`did you mean: ${commandLine(meant, argv.slice(meant.split(' ').length))}`);
  return remedy.usage('usage', `there is no command "${words.join(' ')}"`, steps);
}

/** Commands that take an address by a flag. */
const WITH_TARGET = ['load', 'smoke'];

/** `http://h:8000/v1`, `unix:/run/x.sock`, `h:8000`, `10.0.0.1:8000/v1`. */
function isAddress(word: string): boolean {
  return /^(https?|unix|http\+unix):\S+$|^(localhost|[\w-]+(\.[\w-]+)+|[\w-]+(?=:)|\[[\da-f:]+\])(:\d+)?(\/\S*)?$/i.test(
    word,
  );
}

/** `--target URL` or `--target=URL`, and the words around it. */
function targetOf(argv: readonly string[]) {
  const at = argv.findIndex((word) => word === '--target' || word.startsWith('--target='));
  const [, inWord] = argv[at]?.split(/=(.*)/s) ?? [];
  const address = inWord ?? argv[at + 1];
  if (at < 0 || address === undefined || !isAddress(address)) return undefined;
  return { address, others: argv.toSpliced(at, inWord === undefined ? 2 : 1) };
}

/** An address as it is written for `--target`. */
function withScheme(word: string): string {
  return /^(https?|unix|http\+unix):/i.test(word) ? word : `http://${word}`;
}

/** That the command takes an address by a flag: with the command that means it. */
function addressAlone(command: string, argv: readonly string[], address: string): RemedyError {
  const others = argv.filter((word) => word !== address);
  return remedy.usage(
    'usage',
    `${command} takes the address of its target with --target, and ${address} stands alone`,
    [commandLine(command, ['--target', withScheme(address), ...others]), seeHelp(command)],
  );
}

type Correction = { readonly from: string; readonly to: string };

/** What k6, vegeta, hey, wrk, guidellm, AIPerf and vLLM's benchmark call what is asked for here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  ...{ rate: 'rps', qps: 'rps', 'request-rate': 'rps', 'arrival-rate': 'rps' },
  ...{ vus: 'concurrency', connections: 'concurrency', 'max-concurrency': 'concurrency', workers: 'concurrency' },
  ...{ 'num-prompts': 'requests', 'num-requests': 'requests', 'request-count': 'requests', 'max-requests': 'requests' },
  ...{ 'output-tokens': 'max-tokens', 'base-url': 'target', endpoint: 'target', 'max-seconds': 'duration' },
  ...{ c: 'concurrency', n: 'requests', H: 'header', d: 'duration', z: 'duration', iterations: 'requests' },
};

/** What is a key elsewhere. Here none stands among the words of a command, which others on the machine can list. */
const KEY_FLAG = /^--(api-key|key|token|bearer)$/;
const KEY_VALUE = /(--(?:api-key|key|token|bearer))=\S+/g;

/** What was probably meant by mistyped flags, or by a mistyped value of one that takes only some: the whole command, or a step. */
function correctionsOf(message: string, argv: readonly string[], typed: Pick<Typed, 'command' | 'flags'>): string[] {
  const { command, flags } = typed;
  const unknown = /^Nonexistent flags?: (.*)$/.exec(message)?.[1]?.split(', ');
  const names = unknown?.map((word) => word.split('=', 1)[0] as string);
  if (names?.some((name) => KEY_FLAG.test(name)) && flags.includes('api-key-file')) {
    return [
      'write the key into a file that only you can read, and name it: --api-key-file FILE, or set CHAINCTL_API_KEY',
    ];
  }
  const found = names?.map((name) => flagMeant(name, flags)) ?? [valueMeant(message)];
  const corrections = found.filter((each) => each !== undefined);
  if (corrections.length === found.length) {
    const better = corrections.reduce<readonly string[]>(
      (words, each) => words.map((word) => correct(word, each)),
      argv,
    );
    return [`did you mean: ${commandLine(command, better)}`];
  }
  return corrections.map(({ from, to }) => `what ${from} says is said by ${to}`);
}

/** An engine that other places have: what to do here instead. */
function engineElsewhere(message: string): string[] {
  const [, engine, options = ''] = /^Expected --engine=(\S+) to be one of: (.*)$/.exec(message) ?? [];
  const here = options.split(', ');
  if (engine === 'llamacpp' && here.includes('openai')) {
    return ['start llama-server, then name it: --engine openai --engine-url http://127.0.0.1:8080'];
  }
  if (engine === 'openai' && here.includes('llamacpp')) {
    return ['here the engine runs beside the service: --engine ollama, or --engine llamacpp --model-url URL'];
  }
  return [];
}

function flagMeant(name: string, flags: readonly string[]): Correction | undefined {
  const bare = name.replace(/^--?/, '');
  const other = flags.find((each) => each === ELSEWHERE[bare]);
  const meant = other ?? (name.startsWith('--') ? nearest(bare, flags) : undefined);
  return meant === undefined ? undefined : { from: name, to: `--${meant}` };
}

function valueMeant(message: string): Correction | undefined {
  const [, value = '', options = ''] = /^Expected (?:--[\w-]+=)?(.*) to be one of: (.*)$/.exec(message) ?? [];
  const meant = nearest(value, options.split(', '));
  return meant ? { from: value, to: meant } : undefined;
}

/** `--rsp`, `--rsp=5`, `tokn`, `--auth=tokn`. */
function correct(word: string, { from, to }: Correction): string {
  if (word === from) return to;
  if (word.startsWith(`${from}=`)) return to + word.slice(from.length);
  return word.startsWith('--') && word.endsWith(`=${from}`) ? word.slice(0, -from.length) + to : word;
}

function commandLine(command: string, argv: readonly string[]): string {
  return ['chainctl', command, ...redacted(argv).map(shellWord)].join(' ');
}

/**
 * oclif writes into the message of whatever a flag's parser threw: `Parsing --x \n\t... \nSee more help with --help`.
 * A parser does not know whose flag it is, and names no step where that is all there is to do.
 */
function withoutParserNoise(error: RemedyError, command: string): RemedyError {
  const own = /^Parsing --\S+ \n\t([\s\S]*?)(?:\nSee more help with --help)?$/.exec(error.message)?.[1];
  if (own === undefined) return error;
  const { code, exit, nextSteps, cause } = error;
  return new RemedyError(own, {
    code,
    exit,
    nextSteps: nextSteps.length === 0 ? [seeHelp(command)] : nextSteps,
    cause,
  });
}
