import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { cloudInit } from '../../../src/services/machine/cloud-init.ts';
import { makeSshKeyPair } from '../../../src/services/machine/ssh-keys.ts';
import { BOOT } from './templates.ts';

const hostKey = makeSshKeyPair('host');
const authorizedKey = makeSshKeyPair('operator').publicKey;

describe('user data', () => {
  const text = cloudInit({ templates: BOOT, hostKey, authorizedKey, ttlMinutes: 90.2 });
  const parsed = parse(text);

  it('is cloud-config that a YAML parser reads, within what EC2 takes', () => {
    expect(text.startsWith('#cloud-config\n')).toBe(true);
    expect(Buffer.byteLength(text)).toBeLessThan(16 * 1024);
  });

  it('hands the host key over, leaves no other, and lets only the key in', () => {
    expect(parsed.ssh_keys).toEqual({ ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey });
    expect(parsed.ssh_deletekeys).toBe(true);
    expect(parsed.ssh_authorized_keys).toEqual([authorizedKey]);
    expect(parsed.ssh_pwauth).toBe(false);
    const files = parsed.write_files as { path: string; content: string }[];
    expect(files.find(({ path }) => path.includes('sshd_config.d'))?.content).toContain('PasswordAuthentication no');
  });

  it('arms the switch before anything that may fail, and again at every boot', () => {
    const commands = parsed.runcmd as (string | string[])[];
    expect(commands.findIndex((each) => String(each).includes('chainctl-deadline'))).toBe(0);
    expect(commands.at(-1)).toEqual(['/usr/local/sbin/chainctl-install-docker']);
    const unit = (parsed.write_files as { path: string; content: string }[]).find(({ path }) =>
      path.endsWith('.service'),
    );
    expect(unit?.content).toContain('ExecStart=/usr/local/sbin/chainctl-deadline 91');
    expect(unit?.content).toContain('WantedBy=multi-user.target');
  });

  it('has no switch where none is asked for', () => {
    expect(cloudInit({ templates: BOOT, hostKey, authorizedKey })).not.toContain('chainctl-deadline');
  });

  it('refuses what would not fit', () => {
    const files = [{ path: '/tmp/large', content: 'x'.repeat(16_000) }];
    expect(() => cloudInit({ templates: BOOT, hostKey, authorizedKey, files })).toThrow(/too large/);
  });
});

describe('the scripts', () => {
  it('are POSIX shell', () => {
    for (const script of [
      BOOT.installDocker,
      BOOT.deadline,
      BOOT.serve,
      BOOT.serveOllama,
      BOOT.serveLlamacpp,
      BOOT.seal,
    ])
      execFileSync('sh', ['-n'], { input: script });
  });
});

describe('the dead man’s switch', () => {
  let folder: string;
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Boots a machine again and again, whose deadlines are kept in a folder. @returns what was asked of `shutdown` */
  async function boots(state: string, ...seconds: number[]): Promise<string[]> {
    folder = await mkdtemp(join(tmpdir(), 'chainctl-deadline-'));
    const bin = join(folder, 'bin');
    await mkdir(bin);
    const program = async (name: string, script: string) => {
      await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
      await chmod(join(bin, name), 0o755);
    };
    await program('shutdown', `echo "$1 $2" >> ${folder}/calls`);
    const script = BOOT.deadline.replace('/var/lib/chainctl', resolve(folder, state));
    for (const now of seconds) {
      await program('date', `echo ${now}`);
      const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
      execFileSync('sh', ['-s', '60'], { input: script, env, stdio: 'pipe' });
    }
    return (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');
  }

  it('keeps the deadline of the first boot over every reboot', async () => {
    const calls = await boots('state', 1_000_000, 1_000_000 + 45 * 60, 1_000_000 + 90 * 60);
    expect(calls).toEqual(['-P +60', '-P +15', '-P +1']);
  });

  it('is armed where its moment cannot be written down, too', async () => {
    expect(await boots('/dev/full/state', 1_000_000)).toEqual(['-P +60']);
  });
});
