import { z } from 'zod';

/** A refusal or a failure: `detail` says why; `/health` may say it as `reason`. */
export const problem = z.looseObject({ detail: z.string().optional(), reason: z.string().optional() });

/** Where and how an answer deviates, on one line: `timing.total_seconds: expected number, received string`. */
export function describeDeviation(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.length === 0 ? 'the answer' : path.join('.')}: ${decapitalize(message)}`)
    .join('; ');
}

function decapitalize(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
