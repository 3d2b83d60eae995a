import { type GoldenRequest, REQUESTS } from './requests.ts';
import { type Answer, answerOf } from './shape.ts';

/** Sends a whole table to a server, one request after the other. */
export async function replay(
  url: string,
  model: string,
  requests: readonly GoldenRequest[] = REQUESTS,
): Promise<Record<string, Answer>> {
  const answers: Record<string, Answer> = {};
  for (const request of requests) {
    // The same request may stand twice, at two moments.
    const name = [request.name, `${request.name} (again)`].find((free) => answers[free] === undefined);
    if (name === undefined) throw new Error(`${request.name} stands more than twice in the table`);
    answers[name] = await send(url, model, request);
  }
  return answers;
}

async function send(url: string, model: string, { method, path, body }: GoldenRequest): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url + path.replace('{model}', model), {
    method,
    redirect: 'manual',
    ...(text === undefined
      ? {}
      : { body: text.replaceAll('{model}', model).replaceAll('{MODEL}', model.toUpperCase()) }),
  });
  return answerOf(response, model);
}
