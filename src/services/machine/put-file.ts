/**
 * The script that puts what comes on stdin in the place of a file: whole or not at all. The end of a connection looks
 * like the end of what comes, so its bytes are counted.
 *
 * @param path without characters that a shell knows
 * @param mode as `chmod` takes it
 */
export function putFile(path: string, content: string, mode = '600'): string {
  const fresh = `${path}.new`;
  const bytes = Buffer.byteLength(content);
  const whole = `[ "$(wc -c < ${fresh})" -eq ${bytes} ]`;
  // 74 is an error of input or output (sysexits.h); what cat said of it is on stderr.
  return `umask 077; cat > ${fresh} && ${whole} && chmod ${mode} ${fresh} && mv -f ${fresh} ${path} || { rm -f ${fresh}; exit 74; }`;
}
