import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { RemedyError } from '../../../src/errors.ts';
import { systemClock } from '../../../src/runtime.ts';
import type { HostAccess } from '../../../src/services/machine/access.ts';
import { dial } from '../../../src/services/machine/dial.ts';
import { CommandFailed, CommandTimedOut, ConnectionLost } from '../../../src/services/machine/failures.ts';
import { HostSession } from '../../../src/services/machine/session.ts';
import { HostSessions } from '../../../src/services/machine/sessions.ts';
import { fingerprint, makeSshKeyPair, parsePublicKey } from '../../../src/services/machine/ssh-keys.ts';
import { requestThrough } from '../../../src/services/machine/through.ts';
import { CuttingProxy, canRunSshd, Sshd } from '../../support/sshd.ts';

const { signal } = new AbortController();
const context = { clock: systemClock, signal };
const options = { what: 'the test', timeoutSeconds: 20, signal };

let sshd: Sshd;
let proxy: CuttingProxy;
let sessions: HostSessions;
let reasons: string[];

beforeAll(async () => {
  if (!canRunSshd) return;
  sshd = await Sshd.start();
  proxy = await CuttingProxy.start(sshd.port);
  sessions = new HostSessions();
});
afterEach(async () => {
  await sessions?.close();
});
afterAll(async () => {
  await proxy?.close();
  await sshd?.close();
});

function use<T>(work: (session: HostSession) => Promise<T>, access: HostAccess = sshd.access(), waitSeconds = 5) {
  reasons = [];
  const waiting = (reason: string) => void reasons.push(reason);
  return sessions.use(access, context, { waitSeconds, attempts: 3, waiting }, work);
}

/** Each wait counts for three seconds, and takes none. */
function hastyClock(waited: (ms: number) => Promise<void> = async () => {}) {
  let ahead = 0;
  return {
    ...systemClock,
    monotonic: () => ahead,
    async sleep() {
      ahead += 3000;
      await waited(ahead);
    },
  };
}

describe.skipIf(!canRunSshd)('a session with a real sshd', () => {
  it('accepts keys in the formats made here, runs a script and hands back what it writes', async () => {
    expect(await use((session) => session.exec('echo "one two"; cat', { ...options, stdin: 'three\n' }))).toBe(
      'one two\nthree\n',
    );
    expect(sshd.log).toContain(`ED25519 ${fingerprint(parsePublicKey(sshd.userKey.publicKey) as never)}`);
  });

  it('takes nothing but exit code 0 for success, and keeps the last lines', async () => {
    const failing = use((session) => session.exec('echo out; echo oops >&2; exit 3', options));
    const failure = await failing.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CommandFailed);
    expect(failure).toMatchObject({ code: 3, tail: expect.arrayContaining(['out', 'oops']) });
    await expect(use((session) => session.exec('kill -9 $$', options))).rejects.toBeInstanceOf(CommandFailed);
  });

  it('takes a command that is over before this process looks again for what it is', async () => {
    // Its beginning, its exit code and its end come in one piece to a process that was busy.
    const beBusy = () => {
      for (const until = performance.now() + 200; performance.now() < until; );
    };
    const endOf = (script: string) =>
      use(async (session) => {
        await session.exec('true', options);
        const busy = setInterval(beBusy, 1);
        const end = session.exec(script, options).catch((error: unknown) => error);
        return end.finally(() => clearInterval(busy));
      });
    expect(await endOf('true')).toBe('');
    expect(await endOf('exit 3')).toMatchObject({ constructor: CommandFailed, code: 3 });
    expect(await endOf('kill -9 $$')).toMatchObject({ constructor: CommandFailed });
  });

  it('tells each line as it comes, and keeps a bounded end of a long output', async () => {
    const lines: string[] = [];
    const text = await use((session) =>
      session.exec('seq 1 200000', { ...options, onLine: (line) => void lines.push(line) }),
    );
    expect(lines).toHaveLength(200_000);
    expect(text.length).toBeLessThanOrEqual(256 * 1024);
    expect(text.endsWith('199999\n200000\n')).toBe(true);
  });

  it('gives up a command whose time is over, and goes on with the same connection', async () => {
    const timedOut = use(async (session) => {
      await expect(session.exec('sleep 60', { ...options, timeoutSeconds: 0.3 })).rejects.toBeInstanceOf(
        CommandTimedOut,
      );
      return session.exec('echo still here', options);
    });
    expect(await timedOut).toBe('still here\n');
  });

  it('gives up at once what is interrupted while its channel opens, and goes on with the same connection', async () => {
    const interrupted = use(async (session) => {
      const stop = new AbortController();
      const stopped = { ...options, signal: stop.signal };
      const command = session.exec('sleep 60', stopped);
      const tunnel = session.forward('127.0.0.1', sshd.port, stop.signal);
      stop.abort(new Error('Ctrl-C'));
      await expect(command).rejects.toThrow('Ctrl-C');
      await expect(tunnel).rejects.toThrow('Ctrl-C');
      await expect(session.exec('true', stopped)).rejects.toThrow('Ctrl-C');
      return session.exec('echo still here', options);
    });
    expect(await interrupted).toBe('still here\n');
  });

  it('needs at most four exchanges for a command', async () => {
    await use(async (session) => {
      await session.exec('true', options);
      const before = proxy.turns;
      for (let index = 0; index < 10; index++) await session.exec('true', options);
      expect(proxy.turns - before).toBeLessThanOrEqual(40);
    }, sshd.access(proxy.port));
  });

  it('refuses another host key loudly, before it says who it is', async () => {
    const other = makeSshKeyPair('other');
    const pinned = parsePublicKey(other.publicKey) as never;
    const before = sshd.log.length;
    const failure = await use(() => Promise.resolve(), { ...sshd.access(), hostKey: other.publicKey }).catch((e) => e);
    expect(failure).toBeInstanceOf(RemedyError);
    expect(failure).toMatchObject({ code: 'host-key-changed', exit: 3 });
    expect(failure.message).toContain(fingerprint(pinned));
    expect(failure.message).toContain(fingerprint(parsePublicKey(sshd.hostKey.publicKey) as never));
    expect(sshd.log.slice(before)).not.toContain('Accepted');
    expect(sshd.log.slice(before)).not.toContain('authenticating user');
  });

  it('says so when no key is accepted, and does not wait for it to change', async () => {
    const stranger = { ...sshd.access(), privateKey: makeSshKeyPair('stranger').privateKey };
    await expect(use(() => Promise.resolve(), stranger, 0)).rejects.toMatchObject({
      code: 'ssh-authentication',
      exit: 3,
    });
  });

  it('blames the SSH agent, and not the machine, when that does not answer', async () => {
    const { privateKey: _, ...access } = sshd.access();
    const used = use(() => Promise.resolve(), { ...access, agent: join(sshd.folder, 'no-agent') });
    await expect(used).rejects.toMatchObject({ code: 'ssh-key-unusable', exit: 3 });
    expect(reasons).toEqual([]);
  });

  it('waits for a machine that refuses at first', async () => {
    const later = await Sshd.prepare();
    try {
      const connected = use((session) => session.exec('echo up', options), later.access(), 30);
      await expect.poll(() => reasons.length).toBeGreaterThan(0);
      await later.start();
      expect(await connected).toBe('up\n');
      expect(reasons[0]).toContain('ECONNREFUSED');
    } finally {
      await later.close();
    }
  });

  it('gives up with the last reason when the time for it is over', async () => {
    const never = await Sshd.prepare();
    await expect(use(() => Promise.resolve(), never.access(), 0)).rejects.toMatchObject({
      code: 'host-unreachable',
      exit: 5,
      message: expect.stringContaining('ECONNREFUSED'),
    });
    await never.close();
  });

  it('stops waiting when whoever runs the machine says that it has ended; a look that fails does not count', async () => {
    const never = await Sshd.prepare();
    const looks = [
      () => Promise.reject(new Error('no permission')),
      async () => undefined,
      async () => new Error('ended'),
    ];
    const clock = hastyClock();
    const options = { waitSeconds: 300, attempts: 1, waiting() {}, gone: async () => looks.shift()?.() };
    const used = sessions.use(never.access(), { clock, signal }, options, () => Promise.resolve());
    await expect(used).rejects.toThrow('ended');
    expect(looks).toEqual([]);
    await never.close();
  });
});

describe.skipIf(!canRunSshd)('a machine that answers before it has its key', () => {
  it('has ten seconds for that from its first answer on, however late that comes', async () => {
    const late = await Sshd.prepare();
    const clock = hastyClock(async (ms) => {
      if (ms === 60_000) await late.start();
    });
    const stranger = { ...late.access(), privateKey: makeSshKeyPair('stranger').privateKey };
    const seen: string[] = [];
    const options = { waitSeconds: 300, attempts: 1, waiting: (reason: string) => seen.push(reason) };
    await expect(sessions.use(stranger, { clock, signal }, options, () => Promise.resolve())).rejects.toMatchObject({
      code: 'ssh-authentication',
    });
    expect(seen.filter((reason) => reason.includes('ECONNREFUSED'))).toHaveLength(20);
    expect(seen.filter((reason) => reason.includes('accepts none'))).toHaveLength(4);
    await late.close();
  });
});

describe.skipIf(!canRunSshd)('a machine whose sshd opens no channel', () => {
  it.each([
    ['AllowTcpForwarding no', 'ssh-forwarding'],
    ['PermitOpen none', 'ssh-forwarding'],
    ['MaxSessions 0', 'ssh-sessions'],
  ])('with %s names it, and what to set', async (setting, code) => {
    const strict = await Sshd.start(setting);
    const [name] = setting.split(' ');
    const request = { host: '127.0.0.1', port: strict.port, path: '/', silenceSeconds: 5, signal };
    const working = use<unknown>(
      (session) => (code === 'ssh-sessions' ? session.exec('true', options) : requestThrough(session, request)),
      strict.access(),
    );
    const nextSteps = expect.arrayContaining([expect.stringContaining(name as string)]);
    await expect(working).rejects.toMatchObject({ code, exit: 3, nextSteps });
    await strict.close();
  });
});

describe.skipIf(!canRunSshd)('a push', () => {
  const files = [
    { path: 'settings.env', content: 'TOKEN=secret\n', mode: 0o600 },
    { path: 'build/run.sh', content: '#!/bin/sh\n', mode: 0o755 },
    { path: '.hidden', content: randomBytes(300_000), mode: 0o644 },
  ];

  it('replaces a folder by exactly these files, with their modes', async () => {
    const folder = join(sshd.folder, 'push', 'release');
    await mkdir(folder, { recursive: true });
    await use(async (session) => {
      await session.push(folder, [{ path: 'old', content: 'x', mode: 0o600 }], options);
      await session.push(folder, files, options);
    });
    expect((await readdir(folder)).sort()).toEqual(['.hidden', 'build', 'settings.env']);
    expect((await stat(join(folder, 'settings.env'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'build/run.sh'))).mode & 0o111).not.toBe(0);
    expect(await readFile(join(folder, '.hidden'))).toEqual(files[2]?.content);
  });

  it('is begun again when the connection is cut in the middle, and is never half there', async () => {
    const folder = join(sshd.folder, 'cut', 'release');
    proxy.connections = 0;
    proxy.cutAfterBytes = 100_000;
    await use((session) => session.push(folder, files, options), sshd.access(proxy.port));
    expect(proxy.connections).toBe(2);
    expect(reasons.join()).toContain('ended during');
    expect((await readdir(folder)).sort()).toEqual(['.hidden', 'build', 'settings.env']);
    await expect.poll(() => readdir(join(sshd.folder, 'cut'))).toEqual(['release']);
  });

  it('says that the disk is what failed when tar cannot write', async () => {
    const failing = use((session) => session.push('/dev/full/release', files, options));
    await expect(failing).rejects.toBeInstanceOf(CommandFailed);
  });
});

describe.skipIf(!canRunSshd)('a connection that ends', () => {
  it('is an error of its own for a command in the middle, and not success', async () => {
    const attempt = sessions.use(
      sshd.access(proxy.port),
      context,
      { waitSeconds: 0, attempts: 1, waiting() {} },
      (session) => session.exec('echo begun; sleep 60', { ...options, onLine: () => proxy.cutAll() }),
    );
    await expect(attempt).rejects.toBeInstanceOf(ConnectionLost);
  });

  it('is over with its first fault, though the other side holds it open', async () => {
    const access = sshd.access();
    const client = await dial(access, context, { waitSeconds: 5, waiting() {} });
    const session = new HostSession(client, access, () => {});
    const fault = () => client.emit('error', new Error('Invalid MAC'));
    const command = session.exec('echo begun; sleep 60', { ...options, onLine: fault });
    await expect(command).rejects.toBeInstanceOf(ConnectionLost);
  });

  it('is made anew for work that can be repeated', async () => {
    let attempts = 0;
    const text = await use(async (session) => {
      attempts++;
      if (attempts === 1) proxy.cutAll();
      return session.exec('echo again', options);
    }, sshd.access(proxy.port));
    expect(text).toBe('again\n');
    expect(attempts).toBe(2);
  });
});

describe.skipIf(!canRunSshd)('a request that the machine makes', () => {
  it('reaches what only the machine can, and shows lines as they come', async () => {
    const server = createServer((incoming, outgoing) => {
      outgoing.write(`${incoming.method} ${incoming.url}\n`);
      outgoing.end(`${incoming.headers.authorization}\n`);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const lines: string[] = [];
    const answer = await use((session) =>
      requestThrough(session, {
        host: '127.0.0.1',
        port,
        path: '/x',
        body: {},
        headers: { authorization: 'Bearer t' },
        silenceSeconds: 5,
        onLine: (line) => void lines.push(line),
        signal,
      }),
    );
    expect(answer.status).toBe(200);
    expect(lines).toEqual(['POST /x', 'Bearer t']);
    const refused = use((session) =>
      requestThrough(session, { host: '127.0.0.1', port: 1, path: '/', silenceSeconds: 5, signal }),
    );
    await expect(refused).rejects.toThrow(/refused/i);
    server.close();
  });
});
