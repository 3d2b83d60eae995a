/** The report page's script: reading values with pointer or keys, the legend, the theme. The charts are drawn already. */
import type { ChartData } from '../../src/services/results/html/chart.ts';
import { followPointer } from './hover.ts';
import { openTheme } from './theme.ts';

const charts = JSON.parse(document.getElementById('charts-data')?.textContent ?? '[]') as ChartData[];

for (const chart of charts) {
  const figure = document.getElementById(chart.id);
  const plot = figure?.querySelector<HTMLElement>('.plot');
  const tip = figure?.querySelector<HTMLElement>('.tip');
  if (!figure || !plot || !tip) continue;
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
  const describe = (column: number): void => {
    const { name, cells } = chart.columns[column] ?? { name: '', cells: [] };
    const title = document.createElement('b');
    title.textContent = name;
    const rows = cells.flatMap((text, index) => {
      if (text === '' || hidden.has(index)) return [];
      const row = document.createElement('div');
      // The legend's own sign, so that the eye finds the line.
      row.className = (buttons[index]?.className ?? '').trim();
      const value = document.createElement('span');
      value.textContent = text;
      row.append(document.createElement('i'), `${chart.series[index]} `, value);
      return [row];
    });
    tip.replaceChildren(title, ...rows);
  };
  followPointer(plot, tip, chart.columns.length, describe);
}

openTheme(document.documentElement, document.getElementById('theme'));
