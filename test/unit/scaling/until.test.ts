import { describe, expect, it } from 'vitest';
import type { ScaleSample } from '../../../src/services/scaling/types.ts';
import { checkUntil, isReached, parseUntil } from '../../../src/services/scaling/until.ts';
import { creating, group, instance, look } from './samples.ts';

const reached = (expression: string, sample: ScaleSample) => isReached(parseUntil(expression), sample);
const three = [instance('b-1'), instance('b-2'), instance('b-3')];

describe('a condition', () => {
  it('on the size needs both what is wanted and what runs', () => {
    expect(reached('size=3', look(group(three)))).toBe(true);
    const growing = look(group([instance('b-1'), instance('b-2', creating), instance('b-3', creating)]));
    expect(reached('size=3', growing)).toBe(false);
    expect(reached('size>=1', growing)).toBe(true);
    expect(reached('size>=2', growing)).toBe(false);
    const shrinking = look(group(three, { targetSize: 1 }));
    expect(reached('size=1', shrinking)).toBe(false);
    expect(reached('size<=2', shrinking)).toBe(false);
    expect(reached('size<=3', shrinking)).toBe(true);
  });

  it('on health counts the instances that serve', () => {
    const out = instance('b-2', { stage: 'healthy' });
    expect(reached('healthy=1', look(group([instance('b-1'), out])))).toBe(true);
    expect(reached('healthy=1', look(group([out])))).toBe(false);
  });

  it('on hosts counts those that answered, and stable is what the group says', () => {
    const hosts = [
      { host: 'b-1', answers: 3 },
      { host: 'b-2', answers: 0 },
    ];
    expect(reached('hosts=1', look(group(three), { hosts, unanswered: 2 }))).toBe(true);
    expect(reached('stable', look(group(three)))).toBe(true);
    const { stable: _, ...silent } = group(three);
    expect(reached('stable', look(silent))).toBe(false);
  });

  it('is not met by what nobody has looked at', () => {
    const silent = look(group([instance('b-1', { stage: 'running' })], { healthKnown: false }));
    for (const expression of ['healthy<=1', 'healthy=0', 'hosts<=1', 'hosts=0']) {
      expect(reached(expression, silent), expression).toBe(false);
    }
    expect(reached('hosts=0', look(group(three), { unanswered: 6 }))).toBe(true);
    expect(reached('healthy=0', look(group([])))).toBe(true);
  });

  it('on hosts is refused where nobody asks who answers', () => {
    expect(() => checkUntil(parseUntil('size=3,hosts=3'), {})).toThrow(
      /"size=3,hosts=3": this watch does not probe hosts/,
    );
    checkUntil(parseUntil('size=3'), {});
    checkUntil(parseUntil('hosts=3'), { url: 'http://192.0.2.1' });
  });

  it('of several terms needs all of them at once', () => {
    expect(reached('size=3, healthy>=3 ,stable', look(group(three)))).toBe(true);
    expect(reached('size=3,stable', look(group(three, { stable: false })))).toBe(false);
  });

  it.each([
    ['', 'a condition is missing, at character 1'],
    ['size=3,', 'a condition is missing, at character 8'],
    ['size', '"size" needs =, >= or <= and a number behind it, at character 5'],
    ['size>3', '"size" needs =, >= or <= and a number behind it, at character 5'],
    ['size=three', '"size=" needs a whole number, at character 6'],
    ['size=3x', '"size=" needs a whole number, at character 7'],
    ['healthy>=', '"healthy>=" needs a whole number, at character 10'],
    ['stable=1', '"stable" takes no number, at character 7'],
    ['size=3, foo=2', '"foo" is none of stable, size, healthy and hosts, at character 9'],
    ['=3', '"=3" is none of stable, size, healthy and hosts, at character 1'],
  ])('is refused with the place of the fault: %j', (expression, fault) => {
    expect(() => parseUntil(expression)).toThrow(`--until "${expression}": ${fault}`);
    expect(() => parseUntil(expression)).toThrow(expect.objectContaining({ exit: 2, code: 'until-invalid' }));
  });
});
