/**
 * The report page's script: reading values with pointer or keys, the legend, the theme. The charts are drawn already, and
 * each one's values stand in its table.
 */
import { followPointer } from './hover.ts';
import { openTheme } from './theme.ts';

for (const figure of document.querySelectorAll('figure')) {
  const plot = figure.querySelector<HTMLElement>('.plot');
  const tip = figure.querySelector<HTMLElement>('.tip');
  if (!plot || !tip) continue;
  const hidden = new Set<number>();
  const buttons = [...figure.querySelectorAll<HTMLButtonElement>('.legend button')];
  for (const [index, button] of buttons.entries()) {
    button.addEventListener('click', () => {
      if (!hidden.delete(index)) hidden.add(index);
      button.setAttribute('aria-pressed', String(!hidden.has(index)));
      for (const group of plot.querySelectorAll(`[data-series="${index}"]`)) {
        group.classList.toggle('off', hidden.has(index));
      }
    });
  }
  const columns = [...figure.querySelectorAll<HTMLTableRowElement>('tbody tr')];
  const describe = (column: number): void => {
    const [name, ...cells] = columns[column]?.cells ?? [];
    const title = document.createElement('b');
    title.textContent = name?.textContent ?? '';
    const rows = cells.flatMap(({ textContent: text }, index) => {
      if (text === '' || hidden.has(index)) return [];
      const row = document.createElement('div');
      // The legend's own sign, so that the eye finds the line.
      row.className = (buttons[index]?.className ?? '').trim();
      const value = document.createElement('span');
      value.textContent = text;
      row.append(document.createElement('i'), `${buttons[index]?.textContent} `, value);
      return [row];
    });
    tip.replaceChildren(title, ...rows);
  };
  followPointer(plot, tip, columns.length, describe);
}

openTheme(document.documentElement, document.getElementById('theme'));
