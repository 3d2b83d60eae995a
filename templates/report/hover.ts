/**
 * Shows what is at the nearest place of the x axis: under the pointer, under a finger, or stepped to with the arrow keys.
 *
 * @param describe fills the tip for a column
 */
export function followPointer(
  plot: HTMLElement,
  tip: HTMLElement,
  columns: number,
  describe: (column: number) => void,
): void {
  let current = -1;

  const drawing = () => [...plot.querySelectorAll('svg')].find((svg) => svg.clientWidth > 0);
  const placesOf = (svg: SVGSVGElement) => (svg.dataset.xs ?? '').split(' ').map(Number);

  const hide = (): void => {
    current = -1;
    tip.hidden = true;
    for (const cursor of plot.querySelectorAll('.cursor')) cursor.setAttribute('visibility', 'hidden');
  };

  const show = (column: number): void => {
    const svg = drawing();
    if (svg === undefined || columns === 0) return;
    const x = placesOf(svg)[column] ?? 0;
    const cursor = svg.querySelector('.cursor');
    cursor?.setAttribute('x1', String(x));
    cursor?.setAttribute('x2', String(x));
    cursor?.setAttribute('visibility', 'visible');
    if (current !== column) describe(column);
    current = column;
    tip.hidden = false;
    const at = (x / svg.viewBox.baseVal.width) * svg.clientWidth;
    // Beside the cursor, on the side with more room, and never beyond the drawing.
    const left = at > plot.clientWidth / 2 ? at - tip.offsetWidth - 12 : at + 12;
    tip.style.left = `${Math.max(0, Math.min(left, plot.clientWidth - tip.offsetWidth))}px`;
  };

  const nearest = (clientX: number): number => {
    const svg = drawing();
    if (svg === undefined) return -1;
    const { left, width } = svg.getBoundingClientRect();
    const x = ((clientX - left) / width) * svg.viewBox.baseVal.width;
    let best = -1;
    let distance = Number.POSITIVE_INFINITY;
    for (const [column, place] of placesOf(svg).entries()) {
      if (Math.abs(place - x) < distance) {
        best = column;
        distance = Math.abs(place - x);
      }
    }
    return best;
  };

  const move = (event: PointerEvent): void => {
    const column = nearest(event.clientX);
    if (column >= 0) show(column);
  };
  plot.addEventListener('pointermove', move);
  plot.addEventListener('pointerdown', move);
  // A finger leaves when it is lifted; what it asked for stays until something else is touched.
  plot.addEventListener('pointerleave', ({ pointerType }) => {
    if (pointerType !== 'touch') hide();
  });
  plot.addEventListener('blur', hide);
  plot.addEventListener('keydown', (event) => {
    const last = columns - 1;
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: Math.min(last, current + 1),
      ArrowLeft: current < 0 ? last : Math.max(0, current - 1),
      Home: 0,
      End: last,
    };
    if (event.key === 'Escape') hide();
    const column = steps[event.key];
    if (column === undefined) return;
    event.preventDefault();
    show(column);
  });
}
