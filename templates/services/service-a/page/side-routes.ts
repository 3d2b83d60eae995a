import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Route } from '../../common/api/router.ts';
import type { Service } from '../../common/run-service.ts';
import type { CommonSettings } from '../../common/service-settings.ts';
import { keepAnswer } from '../history/answer-tap.ts';
import { openHistory } from '../history/history.ts';
import { fail } from '../history/reply.ts';
import { historyRoutes } from '../history/routes.ts';
import type { HistorySettings } from '../history/settings.ts';
import { Visitors } from '../history/visitors.ts';
import { pageRoutes } from './page.ts';

export interface SideRoutes {
  /** Those that the service's router hands requests to, and that /openapi.json tells of. */
  readonly routes: readonly Route[];
  /** Answers what belongs to the page and its history. @returns false: another one's request */
  readonly answer: (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;
  /** The service with these before its own routes. */
  around(service: Service): Service;
  /** Keeps what has been said so far. After the last connection has been closed. */
  close(): Promise<void>;
}

/**
 * What A has beside the API: the chat page, and the conversations that it keeps.
 * @param simulated whether A's engine is a simulated one, as it was found last
 */
export function createSideRoutes(
  kept: HistorySettings,
  settings: CommonSettings,
  warn: (line: string) => void,
  simulated: () => Promise<boolean>,
): SideRoutes {
  const history = openHistory(kept, warn);
  const limits = { maxBytes: settings.maxBodyBytes, timeoutMs: settings.readTimeoutMs };
  const ofPage = pageRoutes();
  const visitors = new Visitors(kept.hosts, { hasToken: settings.auth.authorization !== undefined });
  const routes = historyRoutes({ history, visitors, limits, warn });
  const keep = { history, visitors, maxBodyBytes: settings.maxBodyBytes, simulated };
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (incoming.url?.startsWith('/v1/chat/completions')) {
      const refusal = keepAnswer(incoming, outgoing, keep);
      if (refusal) {
        fail(incoming, outgoing, refusal);
        return true;
      }
    }
    return ofPage(incoming, outgoing);
  };
  return {
    routes,
    answer,
    around: (service) => ({
      ...service,
      listener: (incoming, outgoing) => {
        if (!answer(incoming, outgoing)) service.listener(incoming, outgoing);
      },
    }),
    async close() {
      // Connections that were closed just now say so in the next turns of the event loop.
      await new Promise((resolve) => setTimeout(resolve, 20));
      await history.close();
    },
  };
}
