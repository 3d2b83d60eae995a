/**
 * The base of a service's address: `http://a:8001/chain`, `http://a:8001/health` and `http://a:8001/` all mean
 * `http://a:8001`. A prefix in front of the endpoint is kept.
 *
 * @param url an absolute http or https URL, or one of a socket file
 */
export function serviceBase(url: string): string {
  const parsed = new URL(url);
  const path = parsed.pathname.replace(/\/+$/, '').replace(/\/(chain|invoke|health)$/, '');
  // The origin of a socket file's URL is none.
  return `${parsed.protocol}//${parsed.host}${path.replace(/\/+$/, '')}`;
}
