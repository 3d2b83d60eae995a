import { RemedyError, reasonOf, remedy } from '../errors.ts';
import { readSecretFile } from '../services/files/secret-file.ts';

/** Headers that are the generator's own: another value would break the request, or the figures. */
const OWN = ['host', 'content-length', 'connection', 'transfer-encoding', 'traceparent'];
/** Those of a connection, which nobody may set for one request. */
const HOP = ['keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'expect'];
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

interface HeaderFlags {
  readonly header?: readonly string[] | undefined;
  readonly 'api-key-file'?: string | undefined;
  readonly 'api-key-header'?: string | undefined;
  readonly 'token-file'?: string | undefined;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The headers that flags and variables ask for, by lower-case names. Their values are told to nobody, in errors either.
 *
 * @throws RemedyError: exit 2 where one cannot be sent or two would be the same, exit 3 where the key cannot be read
 */
export async function requestHeaders(flags: HeaderFlags, env: Variables): Promise<Readonly<Record<string, string>>> {
  const headers = readHeaders(flags.header ?? []);
  const key = await readKey(flags['api-key-file'], env);
  const given = flags['api-key-header'];
  if (key === undefined) {
    if (given === undefined) return headers;
    throw refused('--api-key-header names a header, and there is no key for it', 'add --api-key-file FILE');
  }
  if (flags['token-file'] !== undefined || env.CHAINCTL_TOKEN) {
    const token = flags['token-file'] === undefined ? 'CHAINCTL_TOKEN' : '--token-file or CHAINCTL_TOKEN_FILE';
    throw refused(`there is both a key of an API and a token of a chain (${token})`, 'give one of them');
  }
  const name = checkName(given ?? 'authorization', '--api-key-header');
  if (headers[name] !== undefined)
    throw refused(`${name} is given twice: by --header, and for the key`, 'give it once');
  return { ...headers, [name]: given === undefined ? `Bearer ${key}` : key };
}

function readHeaders(given: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [index, text] of given.entries()) {
    const colon = text.indexOf(':');
    // Not repeated: it may be the value alone.
    if (colon < 1) throw refused(`--header ${index + 1} has no name before a colon`, "write --header 'NAME: VALUE'");
    const name = checkName(text.slice(0, colon).trim(), '--header');
    const value = text.slice(colon + 1).trim();
    if (!/^[\t\x20-\x7e]*$/.test(value)) {
      throw refused(
        `the value of --header ${name} has characters that a header cannot have`,
        'write it on one line, in ASCII',
      );
    }
    if (headers[name] !== undefined)
      throw refused(`--header ${name} is given twice`, 'give it once, values with commas between');
    headers[name] = value;
  }
  return headers;
}

function checkName(text: string, flag: string): string {
  const name = text.toLowerCase();
  if (!NAME.test(text))
    throw refused(`${flag}: what stands before the colon is no name of a header`, "write 'NAME: VALUE'");
  if (![...OWN, ...HOP].includes(name)) return name;
  throw refused(`${flag} ${name}: that header is the load's own`, 'leave it out');
}

async function readKey(
  file: string | undefined,
  { CHAINCTL_API_KEY: variable }: Variables,
): Promise<string | undefined> {
  if (file === undefined) return variable ? checkKey(variable, 'CHAINCTL_API_KEY') : undefined;
  const text = await readSecretFile(file, 'key file').catch((error: unknown) => {
    if (error instanceof RemedyError) throw error;
    const fault = `the key file ${file} cannot be read: ${reasonOf(error)}`;
    throw remedy.configuration('api-key-unreadable', fault, ['check the path given with --api-key-file'], error);
  });
  return checkKey(text, `the key file ${file}`);
}

function checkKey(text: string, source: string): string {
  const key = text.trim();
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  const fault = `${source} holds no key: one line of printable characters without spaces is expected`;
  throw remedy.configuration('api-key-invalid', fault, ['write the key, and nothing else, into that file']);
}

function refused(fault: string, step: string): RemedyError {
  return remedy.usage('header-invalid', fault, [step]);
}
