import { useEffect, useState } from 'preact/hooks';

const SAID_MS = 2000;

/** Copies a text, and says whether that went well. */
export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (said === '') return;
    const timer = setTimeout(() => setSaid(''), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <>
      <button
        type="button"
        class="plain copy"
        onClick={() => void copied(text).then((is) => setSaid(is ? 'Copied' : 'Not copied'))}
      >
        {said || label}
      </button>
      <span class="said" role="status">
        {said}
      </span>
    </>
  );
}

/** By the clipboard's own way, which browsers have for https and this machine only; else by the old one. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {}
  const before = document.activeElement;
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'said';
  document.body.append(field);
  field.select();
  const is = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return is;
}
