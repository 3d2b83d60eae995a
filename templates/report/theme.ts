const THEMES = ['system', 'light', 'dark'] as const;

/** A switch over the system's own choice; the page forgets it, as a file has no place to keep it. */
export function openTheme(root: HTMLElement, button: HTMLElement | null): void {
  if (button === null) return;
  let at = 0;
  button.hidden = false;
  button.addEventListener('click', () => {
    at = (at + 1) % THEMES.length;
    const theme = THEMES[at] ?? 'system';
    if (theme === 'system') delete root.dataset.theme;
    else root.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
  });
}
