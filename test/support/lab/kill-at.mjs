// Loaded into the real command with NODE_OPTIONS=--import: ends its process with SIGKILL right before or right after one
// effect on the outside. Each effect has a label; the process dies at the first one that is not in KILL_LABELS yet, which
// is where it writes it to. Nothing in the product knows of this file.
import { appendFileSync, readFileSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';

const require = createRequire(import.meta.url);
const { KILL_LABELS: file, KILL_ONLY: only = '', CHAINCTL_HOME: home } = process.env;
const { AWS_ENDPOINT_URL_EC2: ec2, CHAINCTL_GCP_ENDPOINT_URL: compute } = process.env;
const wanted = new RegExp(only);
const passed = new Set(readFileSync(file, 'utf8').split('\n'));

/** Dies here, unless this run or an earlier one has been at an effect of this name. */
function at(label) {
  if (passed.has(label) || !wanted.test(label)) return;
  passed.add(label);
  appendFileSync(file, `${label}\n`);
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way; nothing more happens in this thread.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** Replaces a method by one that is given the original. */
function wrap(object, name, around) {
  const original = object[name];
  object[name] = function wrapped(...args) {
    return around.call(this, original.bind(this), ...args);
  };
}

/** Calls back with the first event of a name before anybody else sees it. */
function ahead(emitter, events) {
  wrap(emitter, 'emit', (emit, name, ...args) => {
    events[name]?.(...args);
    return emit(name, ...args);
  });
}

// HTTP: calls of EC2's and Compute Engine's APIs, and what is asked of engine and service on the machine through the SSH
// connection.
const http = require('node:http');
wrap(http, 'request', (request, ...args) => {
  const outgoing = request(...args);
  const { host, port, path, method } = typeof args[0] === 'string' ? whereOf(args[0], args[1]) : args[0];
  const isAt = (api) => api !== undefined && port !== undefined && new URL(api).port === String(port);
  const isEc2 = typeof path === 'string' && isAt(ec2);
  const isCompute = isAt(compute);
  let label = isCompute ? `gcp ${method} ${computeName(path)}` : `http ${method} ${path}`;
  const sending = (send, chunk, ...rest) => {
    const text = chunk === undefined || chunk === null || typeof chunk === 'function' ? '' : String(chunk);
    if (isEc2 && text.includes('Action=')) label = `api ${nameOf(new URLSearchParams(text))}`;
    if (host !== undefined && !isLook(label)) at(`${label}: before`);
    return send(chunk, ...rest);
  };
  wrap(outgoing, 'write', sending);
  wrap(outgoing, 'end', sending);
  ahead(outgoing, {
    response(incoming) {
      ahead(incoming, {
        data: () => method === 'POST' && !isEc2 && !isCompute && at(`${label}: first bytes`),
        // The whole answer is here, and who asked does not know it yet.
        end: () => at(`${label}: after ${incoming.statusCode}`),
      });
    },
  });
  return outgoing;
});

/** Before a look, nothing has changed since the effect before it. */
const isLook = (label) => /^(api Describe|http GET|gcp GET)/.test(label);

function whereOf(url, { method }) {
  const { hostname, port, pathname, search } = new URL(url);
  return { host: hostname, port, path: `${pathname}${search}`, method };
}

/** Without what is another one each time: tokens, operations, and how instances of a group are called. */
function computeName(path) {
  const [name] = path.replace(/^\/compute\/v1\/projects\/[^/]+\//, '').split('?');
  return name.replace(/operations\/[^/]+/, 'operations/N').replace(/(instances\/.*)-[0-9a-z]{4}(?=$|\/)/, '$1-XXXX');
}

function nameOf(query) {
  const port = query.get('IpPermissions.1.FromPort');
  return port === null ? query.get('Action') : `${query.get('Action')} ${port}`;
}

// SSH: every command, which pushes are, too.
const { Client } = require('ssh2');
wrap(Client.prototype, 'exec', (exec, command, ...rest) => {
  const callback = rest.pop();
  const label = `ssh ${scriptName(command)}`;
  at(`${label}: before`);
  return exec(command, ...rest, (error, channel) => {
    if (channel !== undefined) {
      let chunks = 0;
      const feeding = (send, chunk, ...args) => {
        if (chunk?.length > 0) at(`${label}: input ${Math.min(++chunks, 2)}`);
        return send(chunk, ...args);
      };
      wrap(channel, 'write', feeding);
      wrap(channel, 'end', feeding);
      ahead(channel, {
        data: () => at(`${label}: first output`),
        close: () => at(`${label}: after`),
      });
    }
    callback(error, channel);
  });
});

/** What a script is for, the same in each run: its last line. */
function scriptName(command) {
  const lines = command
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .trim()
    .split('\n');
  const last = lines.findLast((line) => !/^('|fi'|true'|exit 0'|echo "\$code"')$/.test(line)) ?? '';
  return `${last.slice(-110)} (${lines.length} lines)`;
}

// Files of the stack: state, history, lock, secrets.
const ours = (path) => typeof path === 'string' && path.startsWith(home);
const fs = require('node:fs');
const promises = require('node:fs/promises');
/** How the name of a file ends that is not in its place yet, or not any more. */
const DRAFT = /\.(\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.draft)?)$/;

function fileLabel(call, from, to) {
  const name = (path) => path.slice(home.length + 1);
  if (to.endsWith('/state.json')) return `state ${stateChange(from, to)}`;
  return `file ${call} ${name(to)
    .replace(/history\/\d+/, 'history/N')
    .replace(DRAFT, '')}`;
}

/** What a version of the state says that the one before did not: `aws/firewall=creating`. */
function stateChange(from, to) {
  const [before, after] = [to, from].map(entriesOf);
  const changed = [...after].filter(([key, value]) => before.get(key) !== value).map((entry) => entry.join('='));
  const gone = [...before.keys()].filter((key) => !after.has(key)).map((key) => `${key}=forgotten`);
  return [...changed, ...gone].join(' ') || 'as before';
}

function entriesOf(path) {
  try {
    const { targets } = JSON.parse(readFileSync(path, 'utf8'));
    return new Map(
      Object.entries(targets).flatMap(([target, { resources = {}, deployedAt }]) => [
        [target, deployedAt === undefined ? 'recorded' : 'deployed'],
        ...Object.entries(resources).map(([key, { status }]) => [`${target}/${key}`, status]),
      ]),
    );
  } catch {
    return new Map();
  }
}

for (const name of ['rename', 'link', 'unlink', 'rm']) {
  const labelOf = (args) => {
    const [from, to] = args;
    const path = typeof to === 'string' ? to : from;
    // Drafts of a process that is dead are nobody's.
    if (!ours(path) || (path === from && DRAFT.test(path))) return undefined;
    return fileLabel(name, from, path);
  };
  wrap(promises, name, async (call, ...args) => {
    const label = labelOf(args);
    if (label === undefined) return call(...args);
    at(`${label}: before`);
    const result = await call(...args);
    at(`${label}: after`);
    return result;
  });
  wrap(fs, name, (call, ...args) => {
    const label = labelOf(args);
    const callback = args.pop();
    if (label === undefined) return call(...args, callback);
    at(`${label}: before`);
    return call(...args, (error, result) => {
      if (!error) at(`${label}: after`);
      callback(error, result);
    });
  });
}

syncBuiltinESMExports();
