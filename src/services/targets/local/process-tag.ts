/** What a process of a stack says about itself in its arguments, so that it is found without any file. */
export interface ProcessTag {
  /** The stack's folder: two stacks of the same name in different homes stay apart. */
  readonly folder: string;
  readonly key: string;
  /** Hash of the specification that it was started with. */
  readonly spec: string;
  readonly token: string;
  readonly port: number;
}

const PREFIX = '--chainctl=';

/** The tag as one argument without spaces; `ps` shows it readably. */
export function formatTag(tag: ProcessTag): string {
  return PREFIX + new URLSearchParams({ ...tag, port: String(tag.port) }).toString();
}

/** Finds a tag in a command line. */
export function parseTag(command: string): ProcessTag | undefined {
  const argument = command.split(' ').find((word) => word.startsWith(PREFIX));
  if (argument === undefined) return undefined;
  const params = new URLSearchParams(argument.slice(PREFIX.length));
  const [folder, key, spec, token] = ['folder', 'key', 'spec', 'token'].map((name) => params.get(name));
  const port = Number(params.get('port'));
  if (!folder || !key || !spec || !token || !Number.isInteger(port)) return undefined;
  return { folder, key, spec, token, port };
}
