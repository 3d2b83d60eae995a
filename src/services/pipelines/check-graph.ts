import type { Step } from './pipeline.ts';
import type { RawStep } from './read-step.ts';
import { DEEP_OUTPUTS, STEP_KINDS } from './step-kinds.ts';
import { type Path, parseTemplate } from './template.ts';
import { didYouMean, type Placed, quote, type YamlReader } from './yaml-reader.ts';

interface Edge {
  readonly name: string;
  readonly at: Placed;
}

const INPUTS = ['input.text', 'input.messages', 'input.system'];

/**
 * What steps say of each other: each named one is there, none waits for itself, and one is the answer.
 *
 * @throws PipelineFault
 */
export function checkGraph(reader: YamlReader, raw: readonly RawStep[]) {
  const byName = new Map(raw.map((each) => [each.step.name, each]));
  const edges = new Map(raw.map((each) => [each.step.name, edgesOf(reader, each, byName)]));
  const circle = firstCircle(raw, edges);
  if (circle !== undefined) throw reader.fault(circle.at, `circle: ${circle.names.join(' -> ')}`);
  const leaf = leafOf(reader, raw, edges);
  const steps = raw.map(({ step, embed, file }) => {
    const needs = [...new Set(edges.get(step.name)?.map(({ name }) => name))];
    // An index asks with the vector of the step that made its own.
    const vector = embed !== undefined && step.inputs.vector === undefined ? vectorOf(embed.name) : undefined;
    const inputs = vector === undefined ? step.inputs : { ...step.inputs, vector };
    const whole: Step = { ...step, inputs, needs };
    return { step: whole, file };
  });
  return { steps, leaf };
}

function vectorOf(name: string) {
  return parseTemplate(`{{ steps.${name}.vector }}`);
}

/** The steps that one waits for, in the order in which it names them. */
function edgesOf(reader: YamlReader, raw: RawStep, byName: ReadonlyMap<string, RawStep>): Edge[] {
  const { step, needs, paths, embed } = raw;
  const edges: Edge[] = [];
  const add = (name: string, at: Placed) => {
    if (!byName.has(name)) {
      const meant = didYouMean(
        name,
        [...byName.keys()].filter((each) => each !== step.name),
      );
      throw reader.fault(at, `step "${step.name}" needs ${quote(name)}, which does not exist${meant}`);
    }
    edges.push({ name, at });
  };
  for (const { name, at } of needs) add(name, at);
  for (const { path, at } of paths) {
    const named = checkPath(reader, path, at, byName, add);
    if (named !== undefined && !edges.some(({ name }) => name === named)) edges.push({ name: named, at });
  }
  if (embed !== undefined) {
    add(embed.name, embed.at);
    const kind = byName.get(embed.name)?.step.kind;
    if (kind !== 'embed')
      throw reader.fault(
        embed.at,
        `step "${embed.name}" is of kind "${kind}": documents are embedded by one of kind "embed"`,
      );
  }
  return edges;
}

/** @returns the step that a path names; undefined for one of the input */
function checkPath(
  reader: YamlReader,
  path: Path,
  at: Placed,
  byName: ReadonlyMap<string, RawStep>,
  add: (name: string, at: Placed) => void,
): string | undefined {
  const [root, name = '', output, ...deeper] = path;
  const whole = path.join('.');
  const unknown = (meant: string) => reader.fault(at, `unknown path ${quote(whole)}${meant}`);
  if (root === 'input') {
    if (INPUTS.includes(whole)) return undefined;
    throw unknown(didYouMean(whole, INPUTS) || `: of the input there are ${INPUTS.join(', ')}`);
  }
  if (root !== 'steps')
    throw unknown(didYouMean(root ?? '', ['input', 'steps']) || ': write input.text or steps.NAME.text');
  const target = byName.get(name);
  if (target === undefined) {
    add(name, at);
    return name;
  }
  const { outputs } = STEP_KINDS[target.step.kind] as (typeof STEP_KINDS)[string];
  const has = `: step "${name}" of kind "${target.step.kind}" has ${outputs.map((each) => `steps.${name}.${each}`).join(', ')}`;
  if (output === undefined || !outputs.includes(output)) throw unknown(didYouMean(output ?? '', outputs) || has);
  if (deeper.length > 0 && !DEEP_OUTPUTS.includes(output)) throw unknown(has);
  return name;
}

/** The first steps that wait for each other, by depth first in the order of the file. */
function firstCircle(raw: readonly RawStep[], edges: ReadonlyMap<string, readonly Edge[]>) {
  const done = new Set<string>();
  const way: Edge[] = [];
  const visit = (edge: Edge): { names: string[]; at: Placed } | undefined => {
    if (done.has(edge.name)) return undefined;
    const from = way.findIndex(({ name }) => name === edge.name);
    if (from >= 0) return { names: [...way.slice(from).map(({ name }) => name), edge.name], at: edge.at };
    way.push(edge);
    for (const next of edges.get(edge.name) ?? []) {
      const found = visit(next);
      if (found !== undefined) return found;
    }
    way.pop();
    done.add(edge.name);
    return undefined;
  };
  for (const { step, at } of raw) {
    const found = visit({ name: step.name, at });
    if (found !== undefined) return found;
  }
  return undefined;
}

function leafOf(reader: YamlReader, raw: readonly RawStep[], edges: ReadonlyMap<string, readonly Edge[]>): string {
  const marked = raw.filter(({ isAnswer }) => isAnswer);
  const needed = new Set([...edges.values()].flatMap((each) => each.map(({ name }) => name)));
  const candidates = marked.length > 0 ? marked : raw.filter(({ step }) => !needed.has(step.name));
  const [first, second] = candidates;
  if (first === undefined) throw new Error('a graph without circles has a last step');
  if (second !== undefined) {
    const names = candidates.map(({ step }) => step.name).join(', ');
    const many = candidates.length === 2 ? 'two' : String(candidates.length);
    const how = marked.length > 0 ? 'mark only one' : 'mark one';
    throw reader.fault(first.at, `${many} steps could be the answer: ${names}; ${how} with "answer: true"`);
  }
  const { step, at } = first;
  const { outputs } = STEP_KINDS[step.kind] as (typeof STEP_KINDS)[string];
  if (!outputs.includes('text'))
    throw reader.fault(at, `step "${step.name}" of kind "${step.kind}" cannot be the answer: it makes no text`);
  return step.name;
}
