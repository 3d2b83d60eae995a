import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const SOURCES = new URL('../../../src/services/targets/aws/', import.meta.url);
const DOCS = new URL('../../../docs/aws.md', import.meta.url);

test('the policy in docs/aws.md names every call that is made, and no other', async () => {
  const sources = await Promise.all((await readdir(SOURCES)).map((name) => readFile(new URL(name, SOURCES), 'utf8')));
  const made = new Set(
    sources.flatMap((text) => [...text.matchAll(/(?:call\(|pagesOf\(ec2, )'(\w+)'/g)].map(([, call]) => call)),
  );
  const policy = /```json\n([\s\S]*?)```/.exec(await readFile(DOCS, 'utf8'))?.[1] ?? '{}';
  const statements: { Action: string | string[] }[] = JSON.parse(policy).Statement;
  const allowed = new Set(statements.flatMap(({ Action }) => Action).map((action) => action.replace('ec2:', '')));
  // It has no call of its own: tags are part of the calls that make something.
  allowed.delete('CreateTags');
  expect([...made].sort()).toEqual([...allowed].sort());
});
