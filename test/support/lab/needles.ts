import { readdirSync, readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Forms in which a secret could show up in a text, each long enough to be no accident. */
export function needlesOf(secrets: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const needles = new Map<string, string>();
  for (const [name, secret] of Object.entries(secrets)) {
    for (const part of secret.includes('PRIVATE KEY') ? privateParts(secret) : [secret.trim()]) {
      needles.set(part, name);
      for (const form of base64Forms(part)) needles.set(form, `${name} in base64`);
      needles.set(Buffer.from(part).toString('hex'), `${name} in hex`);
      if (encodeURIComponent(part) !== part) needles.set(encodeURIComponent(part), `${name} in a URL`);
    }
  }
  return needles;
}

/** The names of the secrets that a text holds. */
export function secretsIn(text: string, needles: ReadonlyMap<string, string>): string[] {
  return [...new Set([...needles].filter(([needle]) => text.includes(needle)).map(([, name]) => name))];
}

/** Of an OpenSSH ed25519 key: the piece of its text that holds the private half, and that half itself. */
function privateParts(pem: string): string[] {
  const lines = pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
  const bytes = Buffer.from(lines.join(''), 'base64');
  const marker = Buffer.from('0000000b7373682d65643235353139', 'hex');
  // The type stands before the public half, and again before both halves.
  const second = bytes.indexOf(marker, bytes.indexOf(marker) + 1);
  if (second < 0) throw new Error('not an OpenSSH ed25519 key');
  const begin = second + marker.length + 4 + 32 + 4;
  const seed = bytes.subarray(begin, begin + 32);
  const text = lines.join('');
  const inText = text.slice(Math.ceil((begin * 8) / 6), Math.floor(((begin + 32) * 8) / 6));
  // The text is broken into lines: whichever piece is on one line, and the whole for where it is not broken.
  const pieces = lines.flatMap((line) => longestShared(line, inText));
  return [...new Set([inText, ...pieces, seed.toString('base64'), seed.toString('hex')])];
}

function longestShared(line: string, wanted: string): string[] {
  for (let length = wanted.length; length >= 16; length--) {
    for (let at = 0; at + length <= wanted.length; at++) {
      const piece = wanted.slice(at, at + length);
      if (line.includes(piece)) return [piece];
    }
  }
  return [];
}

/** What base64 of any text around it has in it: it depends on where in a group of three the text begins. */
function base64Forms(text: string): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.from(`${'x'.repeat(shift)}${text}`).toString('base64');
    return encoded.slice(shift === 0 ? 0 : 4, -4);
  });
}

/** Adds the command lines of all processes. One that has just ended is none. */
export function sampleCommandLines(into: Set<string>): void {
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      into.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
    } catch {}
  }
}

/** All files below a folder, with their permissions. */
export async function filesBelow(folder: string) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  return Promise.all(files.map(async (path) => ({ path, mode: (await stat(path)).mode & 0o777 })));
}
