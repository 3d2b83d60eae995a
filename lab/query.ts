import { escapeXml } from './xml.ts';

/** A request of EC2's query protocol: `Action=...&InstanceId.1=...`. */
export class Query {
  readonly #params: URLSearchParams;
  readonly action: string;
  /** As sent. */
  readonly text: string;

  constructor(body: string) {
    this.text = body;
    this.#params = new URLSearchParams(body);
    this.action = this.get('Action') ?? '';
  }

  get(name: string): string | undefined {
    return this.#params.get(name) ?? undefined;
  }

  /** The values of `Name.1`, `Name.2`, ... and of `Name` itself. */
  list(name: string): string[] {
    const own = new RegExp(`^${name}(\\.\\d+)?$`);
    return [...this.#params].filter(([key]) => own.test(key)).map(([, value]) => value);
  }

  /** The values that may name objects: not those of filters and tags. */
  names(): string[] {
    return [...this.#params].filter(([key]) => !/^(Filter|Tag)/.test(key)).map(([, value]) => value);
  }

  /** The values of a filter, and the request with other values in their place. */
  filter(name: string): { readonly values: string[]; with(values: readonly string[]): string } | undefined {
    const found = [...this.#params].find(([key, value]) => /^Filter\.\d+\.Name$/.test(key) && value === name);
    const prefix = found?.[0].replace(/Name$/, 'Value.');
    if (!prefix) return undefined;
    const isValue = ([key]: [string, string]) => key.startsWith(prefix);
    const params = [...this.#params];
    return {
      values: params.filter(isValue).map(([, value]) => value),
      with: (values) => {
        const others = params.filter((param) => !isValue(param));
        const added = values.map((value, i): [string, string] => [`${prefix}${i + 1}`, value]);
        return new URLSearchParams([...others, ...added]).toString();
      },
    };
  }

  /** Equal for requests that ask for the same, whatever their token. */
  fingerprint(): string {
    return JSON.stringify([...this.#params].filter(([key]) => key !== 'ClientToken').sort());
  }

  /** For the record: user data, which has private keys in it, only by its size. */
  redacted(): Readonly<Record<string, string>> {
    const redact = ([key, value]: [string, string]): [string, string] => [
      key,
      key === 'UserData' ? `(${Buffer.from(value, 'base64').length} bytes)` : value,
    ];
    return Object.fromEntries([...this.#params].map(redact));
  }
}

/** What the client gets. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** An error as EC2 words it. */
export function errorAnswer(status: number, code: string, message: string): Answer {
  const error = `<Error><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error>`;
  return { status, body: `<Response><Errors>${error}</Errors><RequestID>lab</RequestID></Response>` };
}
