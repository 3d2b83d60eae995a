import { expect, test } from 'vitest';
import { asInvoked, invokedName } from '../../../src/ui/invoked-name.ts';

const at = (script: string | undefined, env: Record<string, string> = {}, cwd = '/home/ann/clone') =>
  invokedName({ script, cwd, env: { PATH: '/usr/local/bin:/usr/bin', ...env } });

test.each([
  ['installed for all', '/usr/local/bin/chainctl', {}, 'chainctl'],
  ['by npx', '/home/ann/.npm/_npx/1/node_modules/.bin/chainctl', { npm_command: 'exec' }, 'npx chainctl'],
  [
    'by npx, which puts its folder on the path of this process only',
    '/home/ann/x/node_modules/.bin/chainctl',
    { npm_command: 'exec', PATH: '/home/ann/x/node_modules/.bin:/usr/bin' },
    'npx chainctl',
  ],
  ['of a project, by its path', '/home/ann/clone/node_modules/.bin/chainctl', {}, 'npx chainctl'],
  [
    'of a project, whose folder the person put on the path',
    '/p/node_modules/.bin/chainctl',
    { PATH: '/p/node_modules/.bin' },
    'chainctl',
  ],
  ['a clone', '/home/ann/clone/bin/run.js', {}, 'node bin/run.js'],
  ['a clone, by npm start', '/home/ann/clone/bin/run.js', { npm_command: 'start' }, 'node bin/run.js'],
  ['a clone that builds first', '/home/ann/clone/bin/dev.js', {}, 'node bin/dev.js'],
  ['a clone, from elsewhere', '/opt/c/bin/run.js', {}, 'node /opt/c/bin/run.js'],
  ['a clone, from a folder below', '/home/ann/bin/run.js', {}, 'node ../bin/run.js'],
  ['a clone in a folder with a space', "/home/ann/clone/my it's/bin/run.js", {}, "node 'my it'\\''s/bin/run.js'"],
  ['a link that is not on the path', '/home/ann/clone/tools/chainctl', {}, 'node tools/chainctl'],
  ['a program that has it in itself', '/home/ann/clone/node_modules/vitest/vitest.mjs', {}, 'chainctl'],
  ['no script', undefined, {}, 'chainctl'],
])('%s', (_, script, env, name) => {
  expect(at(script, env)).toBe(name);
});

test('commands get the name that works; what is said of chainctl does not', () => {
  const text = [
    'Next: chainctl smoke --stack demo',
    '  -> "chainctl deploy local", or CHAINCTL_HOME=/x chainctl scale-watch',
    'chainctl scale is no command, and chainctl needs Node; /usr/bin/chainctl smoke, chainctl --help',
  ].join('\n');
  expect(asInvoked(text, "node 'a $& b/run.js'", ['smoke', 'deploy', 'scale-watch'])).toBe(
    [
      "Next: node 'a $& b/run.js' smoke --stack demo",
      `  -> "node 'a $& b/run.js' deploy local", or CHAINCTL_HOME=/x node 'a $& b/run.js' scale-watch`,
      "chainctl scale is no command, and chainctl needs Node; /usr/bin/chainctl smoke, node 'a $& b/run.js' --help",
    ].join('\n'),
  );
  expect(asInvoked(text, 'chainctl', ['smoke'])).toBe(text);
});
