// The licences of what the build puts into its files: whoever passes a file on has to pass these on with it.
import { readdirSync, readFileSync } from 'node:fs';

/**
 * @param modules paths of files that were bundled
 * @returns a notice with name, version, licence and its text for each package of theirs
 */
export function noticeOf(modules) {
  const folders = modules.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  const notices = [...new Set(folders)].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file));
    const texts = files.map((file) => readFileSync(`${folder}/${file}`, 'utf8').trim());
    return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`;
  });
  const rule = `\n${'-'.repeat(80)}\n\n`;
  return `Built into chainctl:\n${rule}${notices.sort().join(rule)}`;
}
