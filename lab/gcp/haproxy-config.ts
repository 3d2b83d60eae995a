import type { Backend, BalancerRule } from './machines.ts';

/** haproxy's name for the one backend of a configuration. */
export const BACKEND = 'service';

/** What a change of needs a new process for; backends and `onlyStatus` change while it runs. */
export type BalancerSettings = Pick<BalancerRule, 'address' | 'port' | 'check' | 'timeoutSeconds'>;

/** Files that a configuration refers to. */
export interface ConfigFiles {
  /** A map, see `statusMap`. */
  readonly status: string;
  /** Whole answers, as `errorfile` wants them. */
  readonly notFound: string;
  readonly unavailable: string;
  readonly timeout: string;
}

/** Google's answer when no backend is healthy or one breaks off. */
export const UNAVAILABLE = answer(
  '502 Bad Gateway',
  'text/html; charset=UTF-8',
  `
<html><head>
<meta http-equiv="content-type" content="text/html;charset=utf-8">
<title>502 Server Error</title>
</head>
<body text=#000000 bgcolor=#ffffff>
<h1>Error: Server Error</h1>
<h2>The server encountered a temporary error and could not complete your request.<p>Please try again in 30 seconds.</h2>
<h2></h2>
</body></html>
`,
);
/** Google's answer on an address whose forwarding rule has not arrived everywhere. */
export const NOT_FOUND = answer(
  '404 Not Found',
  'text/html; charset=UTF-8',
  `<!DOCTYPE html>
<html lang=en>
  <meta charset=utf-8>
  <title>Error 404 (Not Found)!!1</title>
  <p><b>404.</b> <ins>That\u2019s an error.</ins>
  <p>The requested URL was not found on this server. <ins>That\u2019s all we know.</ins>
`,
);
/** Google's answer when a backend takes longer than the backend service's timeout. */
export const TIMED_OUT = answer('504 Gateway Timeout', 'text/plain', 'upstream request timeout');

/** The map's one line: the status that every request gets, 0 for none. */
export function statusMap({ onlyStatus }: Pick<BalancerRule, 'onlyStatus'>): string {
  return `status ${onlyStatus ?? 0}`;
}

/** What follows a server's name, in a configuration and in the runtime API. */
export function serverWords(
  { address, port }: Pick<Backend, 'address' | 'port'>,
  check: BalancerRule['check'],
): string {
  const { intervalMs, healthyThreshold, unhealthyThreshold } = check;
  const timings = `inter ${intervalMs}ms rise ${healthyThreshold} fall ${unhealthyThreshold}`;
  return `${address}:${port} check port ${check.port} ${timings}`;
}

/**
 * A load balancer. As Google's does, it waits at most `timeoutSeconds` for a backend (haproxy: between two bytes of it,
 * Google: for all of the answer), and repeats on another backend what never reached one, and reads.
 *
 * haproxy closes a connection without a word when a backend breaks off and the connection has served a request before.
 * Google answers 502 then, hence two steps: the second one sees each request as the first of a connection.
 *
 * @param name unique on this machine, and the same for each configuration of a rule
 * @param healthy backends that need not prove it, by haproxy's name for them; others are added while it runs
 */
export function haproxyConfig(
  settings: BalancerSettings,
  name: string,
  socket: string,
  files: ConfigFiles,
  healthy: ReadonlyMap<string, Backend>,
): string {
  const { address, port, check, timeoutSeconds } = settings;
  return `global
  stats socket ${socket} mode 600 level admin expose-fd listeners
  nbthread 1
defaults
  mode http
  # A machine that is gone answers nothing, and the next one can be tried soon.
  timeout connect 1s
  timeout client 610s
  timeout http-keep-alive 610s
  timeout server ${timeoutSeconds}s
  timeout check ${check.timeoutMs}ms
  # After the next process has taken over, a client's idle connection serves one more request.
  option idle-close-on-response
  errorfile 404 ${files.notFound}
  errorfile 502 ${files.unavailable}
  errorfile 503 ${files.unavailable}
  errorfile 504 ${files.timeout}
frontend rule
  bind ${address}:${port}
  http-request return status 404 default-errorfiles if { str(status),map(${files.status}) -m str 404 }
  http-request return status 502 default-errorfiles if { str(status),map(${files.status}) -m str 502 }
  http-request add-header X-Forwarded-For "%[src], %[dst]"
  http-request set-header X-Forwarded-Proto http
  http-request add-header Via "1.1 google"
  http-response add-header Via "1.1 google"
  default_backend step
backend step
  option http-server-close
  http-reuse never
  # The second step knows when to give up.
  timeout server 1d
  server step abns@${name}
frontend step
  bind abns@${name}
  default_backend ${BACKEND}
backend ${BACKEND}
  balance roundrobin
  option httpchk
  http-check send meth GET uri ${check.path} ver HTTP/1.1 hdr Host ${address} hdr User-Agent GoogleHC/1.0
  http-check expect status 200
  retries 2
  option redispatch 1
  retry-on conn-failure empty-response
  http-request disable-l7-retry if ! { method GET HEAD OPTIONS }
${[...healthy].map(([id, backend]) => `  server ${id} ${serverWords(backend, check)}\n`).join('')}`;
}

function answer(status: string, type: string, body: string): string {
  const length = Buffer.byteLength(body);
  return `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n${body}`;
}
