/**
 * URL of a module beside its caller (an `import.meta.url`) that runs as a process or thread of its own: TypeScript when
 * the caller runs from source, JavaScript when it is compiled.
 */
export function siblingModule(caller: string, name: string): URL {
  return new URL(`./${name}${caller.endsWith('.ts') ? '.ts' : '.js'}`, caller);
}
