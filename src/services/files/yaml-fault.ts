/** What the YAML parser found wrong, in words for a reader where its own are none; one line. */
export function yamlFault({ code, message }: { readonly code?: string; readonly message: string }): string {
  if (code === 'DUPLICATE_KEY') return 'this key stands twice';
  // It reads by calling itself.
  if (/call stack/.test(message)) return 'is nested too deep to be read';
  return message
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, 300);
}
