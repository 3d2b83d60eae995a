/** The environment, as far as it is known: undefined for what is not set. */
export type Variables = (name: string) => string | undefined;

const VARIABLE = /\$\{([^}]*)\}?/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A text with its `${VARIABLE}`s filled in, or why that cannot be. What is filled in is not looked at again. */
export function fillIn(text: string, variables: Variables): { readonly text: string } | { readonly fault: string } {
  let fault: string | undefined;
  const filled = text.replace(VARIABLE, (whole, name: string) => {
    const isNamed = NAME.test(name) && whole.endsWith('}');
    const value = isNamed ? variables(name) : undefined;
    if (!isNamed) {
      fault ??= `${JSON.stringify(whole.slice(0, 60))} is no variable: write \${NAME}`;
    } else if (value === undefined || value.trim() === '') {
      fault ??= `variable ${name} is not set`;
    }
    return value ?? '';
  });
  return fault === undefined ? { text: filled } : { fault };
}

/** The names of the variables in a text. */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(VARIABLE)].flatMap(([, name]) => (name !== undefined && NAME.test(name) ? [name] : []));
}
