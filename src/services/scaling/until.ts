import { type RemedyError, remedy } from '../../errors.ts';
import type { GroupSource } from '../stack/group.ts';
import { countStates } from './instance-state.ts';
import type { ScaleSample } from './types.ts';

const NAMES = ['size', 'healthy', 'hosts'] as const;
const OPERATORS = ['>=', '<=', '='] as const;

type Term =
  | { readonly name: 'stable' }
  | {
      readonly name: (typeof NAMES)[number];
      readonly operator: (typeof OPERATORS)[number];
      readonly count: number;
    };

/** What a watch waits for: all terms, in one and the same poll. */
export interface Until {
  /** As typed. */
  readonly expression: string;
  readonly terms: readonly Term[];
}

/**
 * Reads a condition:
 *
 *     condition = term *("," term)
 *     term      = "stable" | name operator count
 *     name      = "size" | "healthy" | "hosts"
 *     operator  = "=" | ">=" | "<="
 *
 * `size`: both what the group wants and the instances that run. `healthy`: instances that are given requests: those that
 * the load balancer, else autohealing, found healthy. `hosts`: hosts that answered this poll. `stable`: the group says
 * that it has what it wants.
 *
 * @throws RemedyError (exit 2) that names the character, counted from 1, at which it goes wrong
 */
export function parseUntil(expression: string): Until {
  let at = 0;
  const terms = expression.split(',').map((text) => {
    const from = at;
    at += text.length + 1;
    return readTerm(text, (place, why) =>
      remedy.usage('until-invalid', `--until "${expression}": ${why}, at character ${from + place + 1}`, [
        'write for example --until size=3, --until stable, or --until "healthy>=2,stable"',
      ]),
    );
  });
  return { expression, terms };
}

const PARTS = /^\s*(?<word>[a-z]*)(?<rest>\s*(?<operator>[<>]?=)?\s*(?<digits>\d*)(?<more>.*))$/dis;

/** @param fault makes the error of a place in the text, counted from 0 */
function readTerm(text: string, fault: (place: number, why: string) => RemedyError): Term {
  const { groups = {}, indices } = PARTS.exec(text.trimEnd()) as RegExpExecArray;
  const { word = '', rest = '', operator: typed, digits = '', more = '' } = groups;
  const placeOf = (part: string) => indices?.groups?.[part]?.[0] ?? 0;
  if (text.trim() === '') throw fault(0, 'a condition is missing');
  if (word === 'stable') {
    if (rest.trim() !== '') throw fault(placeOf('rest'), '"stable" takes no number');
    return { name: 'stable' };
  }
  const name = NAMES.find((each) => each === word);
  if (name === undefined) {
    throw fault(placeOf('word'), `"${word || text.trim()}" is none of stable, size, healthy and hosts`);
  }
  const operator = OPERATORS.find((each) => each === typed);
  if (operator === undefined) {
    throw fault(placeOf('digits'), `"${name}" needs =, >= or <= and a number behind it`);
  }
  if (digits === '' || more !== '') throw fault(placeOf('more'), `"${name}${operator}" needs a whole number`);
  return { name, operator, count: Number(digits) };
}

/** Whether a poll that saw the group meets a condition. */
export function isReached({ terms }: Until, sample: ScaleSample): boolean {
  return terms.every((term) => meets(term, sample));
}

/**
 * @throws RemedyError (exit 2) for a condition that no poll can meet, since nobody asks who answers
 */
export function checkUntil({ expression, terms }: Until, { url }: Pick<GroupSource, 'url'>): void {
  if (url !== undefined || !terms.some(({ name }) => name === 'hosts')) return;
  throw remedy.usage(
    'until-unasked',
    `--until "${expression}": this watch does not probe hosts, so it never counts any`,
    [
      "wait for size or healthy instead, or name the group's address with --url",
      'a group that scales at few requests per second and VM is not probed: the probes alone would make it grow',
    ],
  );
}

/** What was not seen meets nothing. */
function meets(term: Term, { group, hosts, unanswered }: ScaleSample): boolean {
  if (term.name === 'stable') return group.stable === true;
  const { targetSize, instances } = group;
  const { running, serving } = countStates(group);
  if (term.name === 'size') {
    // On the way down the group wants less long before the machines are gone, on the way up more before they are there.
    return compare(term, Math.min(targetSize ?? running, running), Math.max(targetSize ?? 0, instances.length));
  }
  if (term.name === 'healthy') return serving !== undefined && compare(term, serving, serving);
  if (unanswered === undefined) return false;
  const answering = hosts.filter(({ answers }) => answers > 0).length;
  return compare(term, answering, answering);
}

function compare({ operator, count }: Exclude<Term, { name: 'stable' }>, low: number, high: number): boolean {
  if (operator === '>=') return low >= count;
  return operator === '<=' ? high <= count : low === count && high === count;
}
