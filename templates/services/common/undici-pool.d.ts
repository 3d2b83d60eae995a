// The pool alone: undici's entry point carries fetch, caches and WebSocket, which would triple a bundle that has to
// fit into a machine's metadata.
declare module 'undici/lib/dispatcher/pool.js' {
  export { Pool as default } from 'undici';
}
