import { execFileSync } from 'node:child_process';
import { mkdtemp, open, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendLines } from '../../../src/services/files/append-lines.ts';
import { writeAll } from '../../../src/services/files/write-all.ts';
import { copyDurably, createDurably, writeDurably } from '../../../src/services/files/write-durably.ts';
import { writeFault } from '../../../src/services/files/write-fault.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-write-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const full = () => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

/** Opens files that take `most` bytes a write, and are full after `room` bytes. */
function smallDisk(most: number, room: number): typeof open {
  return async (...of) => {
    const handle = await open(...of);
    const write = handle.write.bind(handle);
    let left = room;
    return Object.assign(handle, {
      async write(bytes: Uint8Array, from: number, length: number) {
        if (left === 0) throw full();
        const count = Math.min(most, left, length);
        left -= count;
        return write(bytes, from, count);
      },
    });
  };
}

describe('a whole file', () => {
  it('is written to its end where the system takes a few bytes at a time', async () => {
    const path = join(folder, 'state.json');
    const text = 'täglich '.repeat(100);
    await writeDurably(path, text, { openFile: smallDisk(7, 1e6) });
    expect(await readFile(path, 'utf8')).toBe(text);
    expect(await createDurably(join(folder, 'lock'), text, { openFile: smallDisk(7, 1e6) })).toBe(true);
    expect(await readFile(join(folder, 'lock'), 'utf8')).toBe(text);
  });

  it('stays the old one where the disk is full, and nothing lies beside it', async () => {
    const path = join(folder, 'state.json');
    await writeFile(path, 'old');
    await expect(writeDurably(path, 'n'.repeat(99), { openFile: smallDisk(64, 80) })).rejects.toMatchObject({
      code: 'ENOSPC',
    });
    await expect(createDurably(join(folder, 'lock'), 'text', { openFile: smallDisk(2, 2) })).rejects.toThrow('ENOSPC');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['state.json']);
  });

  it('stays the old one where the system refuses a file of that size', async () => {
    const module = new URL('../../../src/services/files/write-durably.ts', import.meta.url).href;
    const script = `const { writeDurably } = await import('${module}');
      await writeDurably('page.html', 'old');
      await writeDurably('page.html', 'n'.repeat(5000)).catch(({ code }) => console.log(code));`;
    const limited = 'ulimit -f 1; exec "$@"';
    const command = [process.execPath, '--input-type=module', '-e', script];
    const said = execFileSync('sh', ['-c', limited, 'sh', ...command], { cwd: folder, encoding: 'utf8' });
    expect(said.trim()).toBe('EFBIG');
    expect(await readFile(join(folder, 'page.html'), 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['page.html']);
  });

  it('keeps its mode, is one that was asked for, and is found behind a link', async () => {
    const path = join(folder, 'report.html');
    await writeFile(path, 'old', { mode: 0o640 });
    await symlink('report.html', join(folder, 'latest'));
    await writeDurably(join(folder, 'latest'), 'new');
    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    await writeDurably(path, 'secret', { mode: 0o600 });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).sort()).toEqual(['latest', 'report.html']);
  });

  it('is no device: one is written to and stays what it is', async () => {
    await writeDurably('/dev/null', 'anything');
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
    await expect(writeDurably('/dev/full', 'anything')).rejects.toMatchObject({ code: 'ENOSPC' });
  });

  it('is copied whole', async () => {
    await writeFile(join(folder, 'from'), 'text');
    await copyDurably(join(folder, 'from'), join(folder, 'to'));
    await expect(copyDurably(join(folder, 'none'), join(folder, 'to'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readFile(join(folder, 'to'), 'utf8')).toBe('text');
    expect((await readdir(folder)).sort()).toEqual(['from', 'to']);
  });
});

describe('lines that are appended', () => {
  it('end with a whole one where the disk is full, so that the next one begins a line', async () => {
    const path = join(folder, 'points.jsonl');
    await writeFile(path, 'zero\n');
    const file = await smallDisk(4, 9)(path, 'a');
    await expect(appendLines(file, 'one\ntwo\nthree\n')).rejects.toMatchObject({ code: 'ENOSPC' });
    await file.close();
    expect(await readFile(path, 'utf8')).toBe('zero\none\ntwo\n');
  });

  it('tell the first failure where nothing can be cut off', async () => {
    const file = await open('/dev/full', 'a');
    await expect(appendLines(file, 'one\n')).rejects.toMatchObject({ code: 'ENOSPC' });
    await file.close();
  });

  it('do not wait for ever for a file that takes nothing and says nothing', async () => {
    const write = async () => ({ bytesWritten: 0, buffer: new Uint8Array() });
    await expect(writeAll({ write } as never, Buffer.from('text'))).rejects.toThrow('only 0 of 4 bytes were taken');
  });
});

it('a failure is told with its cause and what to look at', () => {
  const at = join(folder, 'not', 'yet', 'there.csv');
  expect(writeFault(at, full())).toEqual({
    why: 'the disk is full (ENOSPC: no space left on device, write)',
    next: [`free space there, see: df -h ${folder}; df -i ${folder}`],
  });
  expect(writeFault(at, new Error('it is a folder'))).toEqual({ why: 'it is a folder', next: [] });
});
