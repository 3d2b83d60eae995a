/** One call of several that came in one request. */
interface Part {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

const LINE = '\r\n';

/** Reads a `multipart/mixed` body of HTTP requests, as gcloud sends it to `/batch/compute/v1`. */
export function readBatch(contentType: string, text: string): Part[] {
  const boundary = boundaryOf(contentType);
  // gcloud ends lines as Unix does.
  const parts = text.replaceAll(LINE, '\n').split(`--${boundary}`).slice(1, -1);
  return parts.flatMap((part) => {
    const [head = '', request = '', ...body] = part.trim().split('\n\n');
    const [, id = ''] = /^content-id:\s*<?([^>\n]*)>?/im.exec(head) ?? [];
    const [, method, url] = /^([A-Z]+) (\S+)/.exec(request) ?? [];
    if (method === undefined || url === undefined) return [];
    const { pathname, search } = new URL(url, 'http://lab');
    return [{ id, method, path: pathname + search, body: body.join('\n\n').trim() }];
  });
}

/** @returns the content type and the body of the answer */
export function writeBatch(answers: readonly { id: string; status: number; body: unknown }[]): [string, string] {
  const boundary = `batch_${Date.now().toString(36)}`;
  const parts = answers.map(({ id, status, body }) =>
    [
      ...[`--${boundary}`, 'Content-Type: application/http', `Content-ID: <response-${id}>`, ''],
      ...[`HTTP/1.1 ${status} ${status < 300 ? 'OK' : 'Error'}`, 'Content-Type: application/json; charset=UTF-8', ''],
      ...[JSON.stringify(body), ''],
    ].join(LINE),
  );
  return [`multipart/mixed; boundary=${boundary}`, `${parts.join('')}--${boundary}--${LINE}`];
}

function boundaryOf(contentType: string): string {
  return /boundary="?([^";]+)"?/.exec(contentType)?.[1] ?? '';
}
