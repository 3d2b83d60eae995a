/**
 * URL of a module beside this one that runs as a process or thread of its own: TypeScript when the caller runs from
 * source, JavaScript when it is compiled.
 *
 * @param caller the caller's `import.meta.url`
 * @param name without extension
 */
export function siblingModule(caller: string, name: string): URL {
  return new URL(`./${name}${caller.endsWith('.ts') ? '.ts' : '.js'}`, caller);
}
