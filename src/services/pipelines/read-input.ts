import type { Field } from './step-kinds.ts';
import { FILTERS, parseTemplate, type Value } from './template.ts';
import { didYouMean, type Placed, type YamlReader } from './yaml-reader.ts';

const POINTER = /^(\/([^~/]|~[01])*)*$/;
const MOST_DEPTH = 32;

/** One input of a step. @throws PipelineFault */
export function readInput(reader: YamlReader, at: Placed, says: string, field: Field): Value {
  switch (field.is) {
    case 'template':
      return templateAt(reader, at, says);
    case 'body':
      return body(reader, at, says, 0);
    case 'number':
      return literal(reader.number(at, says, field.range));
    case 'name':
      return literal(reader.filled(at, says));
    case 'texts':
      return literal(texts(reader, at, says));
    case 'file':
    case 'step':
      return literal(reader.text(at, says));
    case 'pointer': {
      const pointer = reader.text(at, says);
      if (POINTER.test(pointer)) return literal(pointer);
      throw reader.fault(at, `${says} must be a JSON pointer, for example /choices/0/text`);
    }
  }
}

function literal(value: unknown): Value {
  return { kind: 'literal', value };
}

/** A text; numbers and lists of texts are ones, too, where a value may be given literally. */
function templateAt(reader: YamlReader, at: Placed, says: string): Value {
  if (reader.isList(at) || reader.isMap(at)) return body(reader, at, says, 0);
  return parsed(reader, at, says, reader.text(at, says));
}

/** Any YAML as it stands, with the templates of its texts. */
function body(reader: YamlReader, at: Placed, says: string, depth: number): Value {
  if (depth > MOST_DEPTH) throw reader.fault(at, `${says} is nested more than ${MOST_DEPTH} deep`);
  if (reader.isList(at)) {
    return { kind: 'list', items: reader.items(at, says).map((item) => body(reader, item, says, depth + 1)) };
  }
  if (reader.isMap(at)) {
    const entries = reader.entries(at, says).map((entry) => [entry.key, body(reader, entry, says, depth + 1)] as const);
    return { kind: 'map', entries };
  }
  const value = reader.scalar(at);
  if (typeof value === 'number' && !Number.isFinite(value))
    throw reader.fault(at, `${says} has a number that JSON has not`);
  return typeof value === 'string' ? parsed(reader, at, says, value) : literal(value);
}

function parsed(reader: YamlReader, at: Placed, says: string, text: string): Value {
  try {
    return parseTemplate(text);
  } catch (error) {
    const { message } = error as Error;
    const [, unknown] = /^unknown filter "(.*)"$/.exec(message) ?? [];
    const meant = unknown === undefined ? '' : didYouMean(unknown, FILTERS) || `: there are ${FILTERS.join(', ')}`;
    throw reader.fault(at, `${says}: ${message}${meant}`);
  }
}

function texts(reader: YamlReader, at: Placed, says: string): string[] {
  const items = reader.isList(at) ? reader.items(at, says) : [at];
  const extra = items[4];
  if (extra !== undefined) throw reader.fault(extra, `${says} has more than 4 texts`);
  return items.map((item) => reader.text(item, says));
}
