import { request } from 'node:http';
import { reasonOf } from '../../../errors.ts';
import type { Probe } from './serving.ts';

const TIMEOUT_MS = 10_000;

/** A GET over a connection of its own: a kept one would go on leading to the front end that knows the rule already. */
export const httpProbe: Probe = (url, signal) =>
  new Promise((resolve, reject) => {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const call = request(url, { agent: false, signal: AbortSignal.any([signal, timeout]) }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode === 200 ? undefined : `HTTP ${answer.statusCode}`));
      answer.on('error', (error) => resolve(reasonOf(error)));
    });
    call.on('error', (error) => {
      if (signal.aborted) reject(signal.reason);
      else resolve(timeout.aborted ? `no answer within ${TIMEOUT_MS / 1000} s` : reasonOf(error));
    });
    call.end();
  });
