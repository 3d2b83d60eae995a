import { type Instances, stateCode } from './instances.ts';
import type { Query } from './query.ts';
import { child, type Element, everyElement, setText, textOf } from './xml.ts';

/** Turns moto's answer into what EC2 would show: states of the VMs, dates of images, and only what a filter asks for. */
export function showInstances(query: Query, answer: Element, instances: Instances): void {
  for (const element of everyElement(answer)) {
    showState(element, instances);
    showImageDate(element);
  }
  const wanted = query.filter('instance-state-name')?.values;
  const onlyRunning = query.action === 'DescribeInstanceStatus' && query.get('IncludeAllInstances') !== 'true';
  keepItems(answer, (item) => {
    const state = child(item, 'instanceState');
    if (!state) return true;
    const name = textOf(state, 'name') ?? '';
    return onlyRunning ? name === 'running' : !wanted || wanted.includes(name);
  });
}

/** The items of an answer that are instances. */
export function instanceItems(answer: Element): Element[] {
  return [...everyElement(answer)].filter((each) => each.name === 'item' && child(each, 'instanceState'));
}

function showState(element: Element, instances: Instances): void {
  const instance = instances.get(textOf(element, 'instanceId') ?? '');
  if (!instance) return;
  for (const name of ['instanceState', 'currentState']) {
    const state = child(element, name);
    if (!state) continue;
    setText(state, 'code', stateCode(instance.state));
    setText(state, 'name', instance.state);
  }
  for (const name of ['systemStatus', 'instanceStatus']) {
    const check = child(element, name);
    if (check && !instance.ok) setText(check, 'status', 'initializing');
  }
}

/** moto has made all images just now; a client that looks for the newest goes by the date in the name. */
function showImageDate(element: Element): void {
  const [, year, month, day] = /-server-(\d{4})(\d\d)(\d\d)$/.exec(textOf(element, 'name') ?? '') ?? [];
  if (year) setText(element, 'creationDate', `${year}-${month}-${day}T00:00:00.000Z`);
}

/** Takes items out of sets, and reservations that are empty afterwards. */
function keepItems(element: Element, shown: (item: Element) => boolean): void {
  for (const each of element.children) keepItems(each, shown);
  element.children = element.children.filter((each) => {
    if (each.name !== 'item') return true;
    const instances = child(each, 'instancesSet');
    return instances ? instances.children.length > 0 : shown(each);
  });
}
