#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// As much of Ollama's command line as a compose file or an operator calls: serve, pull, list, show, ps, stop, --version.
const say = (text) => process.stdout.write(`${text}\n`);

const [command = 'serve', model] = process.argv.slice(2);
if (command === 'serve') {
  await import(new URL('engine-sim.mjs', import.meta.url));
} else {
  const host = (process.env.OLLAMA_HOST || '127.0.0.1').replace(/^https?:\/\//, '').replace('0.0.0.0', '127.0.0.1');
  const base = `http://${host.includes(':') ? host : `${host}:11434`}`;
  const call = async (path, body) => {
    const response = await fetch(base + path, body && { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error((await response.json()).error);
    return response.json();
  };
  const listing = async (path) => {
    say('NAME');
    for (const { name } of (await call(path)).models) say(name);
  };
  const commands = {
    list: () => listing('/api/tags'),
    ls: () => listing('/api/tags'),
    ps: () => listing('/api/ps'),
    pull: async () => say((await call('/api/pull', { model, stream: false })).status),
    show: async () => void (await call('/api/show', { model })),
    stop: () => call('/api/generate', { model, keep_alive: 0 }),
    '--version': async () => say(`ollama version is ${(await call('/api/version')).version}`),
  };
  try {
    if (!commands[command]) throw new Error(`unknown command "${command}" for "ollama"`);
    await commands[command]();
  } catch (error) {
    const refused = error.message === 'fetch failed';
    const problem = refused ? 'could not connect to ollama server, run "ollama serve" to start it' : error.message;
    process.stderr.write(`Error: ${problem}\n`);
    process.exit(1);
  }
}
