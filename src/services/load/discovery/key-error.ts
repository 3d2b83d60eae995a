import { type RemedyError, remedy } from '../../../errors.ts';
import { excerpt } from '../../chain/excerpt.ts';

type Headers = Readonly<Record<string, string>>;

/** Names of headers in which keys go. */
const KEYS = /authorization|key|token|secret|credential|cookie/;

/** What a server that lets nobody in wants: another key than the one that was sent, or one at all. */
export interface KeyRefusal {
  readonly url: string;
  /** 401 or 403. */
  readonly status: number;
  readonly said?: string | undefined;
  /** That were sent, by lower-case names. */
  readonly headers: Headers;
}

export function refusesKey(status: number): boolean {
  return status === 401 || status === 403;
}

/** @param others steps that help where the server wants no key here */
export function keyError({ url, status, said, headers }: KeyRefusal, others: readonly string[] = []): RemedyError {
  const [name] = Object.keys(headers).filter((each) => KEYS.test(each));
  const [what, steps] = name === undefined ? missing(status) : refused(status, name);
  const fault = `${url} ${what} (status ${status})`;
  return remedy.configuration('unauthorized', said === undefined ? fault : `${fault}: ${excerpt(said)}`, [
    ...steps,
    ...others,
  ]);
}

type Told = readonly [what: string, steps: readonly string[]];

function missing(status: number): Told {
  const key = 'name the file that holds the key with --api-key-file, or set CHAINCTL_API_KEY';
  const header = 'where it does not go into "authorization: Bearer", name its header with --api-key-header';
  return status === 401
    ? ['asks for a key', [key, header]]
    : ['lets nobody in without a key, or not from here', [key, header]];
}

function refused(status: number, name: string): Told {
  if (status === 403) {
    return [
      'refuses what was asked with the key that was sent',
      [
        'the key may not use this path or model: ask for another one (--target, --model), or give a key that may with --api-key-file or CHAINCTL_API_KEY',
      ],
    ];
  }
  const header =
    name === 'authorization'
      ? 'where keys do not go into "authorization: Bearer", name their header with --api-key-header'
      : `it went in "${name}": name another header with --api-key-header, or leave that out for "authorization: Bearer"`;
  return [
    'refuses the key that was sent',
    [
      'the key is not one of its keys, or has expired: give another one with --api-key-file or CHAINCTL_API_KEY',
      header,
    ],
  ];
}
