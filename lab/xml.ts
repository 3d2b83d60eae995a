/** As much XML as EC2 answers with: elements and text, attributes kept as they are. */
export interface Element {
  readonly name: string;
  readonly attributes: string;
  text: string;
  children: Element[];
}

const TOKEN = /<\?[^>]*\?>|<(\/?)([^\s/>]+)([^>]*?)(\/?)>|([^<]+)/g;

/** @throws when there is no element in it */
export function parseXml(xml: string): Element {
  const root: Element = { name: '', attributes: '', text: '', children: [] };
  const path = [root];
  for (const [, closing, name, attributes = '', selfClosing, text] of xml.matchAll(TOKEN)) {
    const parent = path.at(-1) as Element;
    if (text !== undefined) parent.text += text;
    else if (closing) path.pop();
    else if (name !== undefined) {
      const element = { name, attributes, text: '', children: [] };
      parent.children.push(element);
      if (!selfClosing) path.push(element);
    }
  }
  const [document] = root.children;
  if (!document) throw new Error(`not XML: ${xml.slice(0, 200)}`);
  return document;
}

export function printXml(element: Element): string {
  const { name, attributes, text, children } = element;
  const inside = children.length > 0 ? children.map(printXml).join('') : text;
  return `<${name}${attributes}>${inside}</${name}>`;
}

/** Text of the child of that name. */
export function textOf(element: Element, name: string): string | undefined {
  return child(element, name)?.text;
}

/** Sets the text of the child of that name, where there is one. */
export function setText(element: Element, name: string, text: string): void {
  const found = child(element, name);
  if (found) found.text = text;
}

export function child(element: Element, name: string): Element | undefined {
  return element.children.find((each) => each.name === name);
}

/** The element and all elements below it, parents first. */
export function* everyElement(element: Element): Generator<Element> {
  yield element;
  for (const each of element.children) yield* everyElement(each);
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
