/** What the metadata server tells one machine. */
export interface InstanceMetadata {
  readonly id: string;
  readonly name: string;
  readonly zone: string;
  readonly address: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A folder of the metadata server, or a value. */
type Entry = string | { readonly [name: string]: Entry };

export interface MetadataAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const ROOT = '/computeMetadata/v1';
const PROJECT = 'chainctl-lab';
const PROJECT_NUMBER = '123456789012';

/**
 * What Google's metadata server answers to a GET: values as text, folders as lists, both as JSON with `recursive=true`.
 * https://cloud.google.com/compute/docs/metadata/querying-metadata
 *
 * @param header what the request has as `Metadata-Flavor`
 */
export function metadataAnswer(instance: InstanceMetadata, url: URL, header: string | undefined): MetadataAnswer {
  if (header !== 'Google') return html(403, 'Missing Metadata-Flavor:Google header.');
  const path = url.pathname;
  if (path !== ROOT && !path.startsWith(`${ROOT}/`)) return html(404, 'Not Found');
  const entry = find(tree(instance), path.slice(ROOT.length).split('/').filter(Boolean).map(decodeURIComponent));
  if (entry === undefined) return html(404, 'Not Found');
  if (url.searchParams.get('recursive') === 'true') {
    return { status: 200, type: 'application/json', body: JSON.stringify(camelCase(entry)) };
  }
  if (typeof entry === 'string') return text(entry);
  return text(
    Object.entries(entry)
      .map(([name, value]) => (typeof value === 'string' ? name : `${name}/`))
      .join('\n'),
  );
}

function tree({ id, name, zone, address, attributes }: InstanceMetadata): Entry {
  const external = { 'external-ip': address, type: 'ONE_TO_ONE_NAT' };
  return {
    instance: {
      attributes,
      id,
      name,
      hostname: `${name}.${zone}.c.${PROJECT}.internal`,
      zone: `projects/${PROJECT_NUMBER}/zones/${zone}`,
      'network-interfaces': { 0: { ip: address, 'access-configs': { 0: external } } },
    },
    project: { 'project-id': PROJECT, 'numeric-project-id': PROJECT_NUMBER },
  };
}

function find(entry: Entry | undefined, [name, ...rest]: readonly string[]): Entry | undefined {
  if (name === undefined) return entry;
  if (entry === undefined || typeof entry === 'string' || !Object.hasOwn(entry, name)) return undefined;
  return find(entry[name], rest);
}

/** As the JSON form has names; those of attributes are the user's and stay. Numbered folders become lists. */
function camelCase(entry: Entry): unknown {
  if (typeof entry === 'string') return entry;
  const names = Object.keys(entry);
  if (names.length > 0 && names.every((name) => /^\d+$/.test(name))) return Object.values(entry).map(camelCase);
  const members = Object.entries(entry).map(([name, value]) => [
    name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    name === 'attributes' ? value : camelCase(value),
  ]);
  return Object.fromEntries(members);
}

const text = (body: string): MetadataAnswer => ({ status: 200, type: 'application/text', body });

const html = (status: number, message: string): MetadataAnswer => ({
  status,
  type: 'text/html; charset=UTF-8',
  body: `<!DOCTYPE html>\n<html lang=en>\n  <title>Error ${status}</title>\n  <p><b>${status}.</b> ${message}\n`,
});
