// Makes templates/prices/{aws,gcp}.json out of the providers' own price lists:
//
//     node .tools/prices.mjs aws                     AWS's public price list; needs no credentials, reads about 1 GB
//     GOOGLE_API_KEY=... node .tools/prices.mjs gcp  Google's Cloud Billing Catalog; needs an API key of any project
//
// chainctl itself never does this: it ships the files, and needs neither network nor credentials to tell a price.
// Written from the documented formats; as long as a file says `"fetched": false`, nobody has run this for it.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const AWS_LIST = 'https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws';
const GOOGLE_LIST = 'https://cloudbilling.googleapis.com/v1/services';
/** Compute Engine, and Networking, where load balancers have moved. */
const GOOGLE_SERVICES = ['6F81-5844-456A', 'E505-1604-58F8'];
/** Families whose prices are kept; a file with all types would be a hundred times as large. */
const AWS_TYPES = /^(t3|t3a|t4g|m5|m6i|m7i|c5|c6i|c7i)\.(micro|small|medium|(2|4)?x?large)$/;

/** One line of a CSV whose fields are all quoted, as AWS's are. */
const fieldsOf = (line) => [...line.matchAll(/"((?:[^"]|"")*)"/g)].map(([, text]) => text.replaceAll('""', '"'));

/** Rows of an offer file: five lines about the file, then a header, then a price each. */
export async function* rowsOf(lines) {
  let header;
  for await (const line of lines) {
    const fields = fieldsOf(line);
    if (header !== undefined) yield Object.fromEntries(header.map((name, place) => [name, fields[place] ?? '']));
    else if (fields[0] === 'SKU') header = fields;
  }
}

/**
 * What one region costs.
 *
 * @param ec2 rows of the offer AmazonEC2
 * @param vpc rows of the offer AmazonVPC, where public addresses are
 * @throws when a price that every region has is not found: nothing is written then
 */
export async function awsRegion(region, ec2, vpc) {
  const [vm, surplusPerVcpuHour] = [{}, {}];
  let diskPerGbMonth;
  let addressPerHour;
  for await (const row of ec2) {
    const price = Number(row.PricePerUnit);
    if (row.TermType !== 'OnDemand' || row.Currency !== 'USD') continue;
    const type = row['Instance Type'];
    if (row['Volume API Name'] === 'gp3' && row.Unit === 'GB-Mo') diskPerGbMonth = price;
    const credits = /CPUCredits:(\w+)$/.exec(row.usageType)?.[1];
    if (credits !== undefined && row['Operating System'] === 'Linux') surplusPerVcpuHour[credits] = price;
    const plain = row.CapacityStatus === 'Used' && row.Tenancy === 'Shared' && row['Pre Installed S/W'] === 'NA';
    if (plain && row['Operating System'] === 'Linux' && row.Unit === 'Hrs' && AWS_TYPES.test(type)) vm[type] = price;
  }
  for await (const row of vpc) {
    const used = row.TermType === 'OnDemand' && /PublicIPv4:InUseAddress$/.test(row.usageType);
    if (used) addressPerHour = Number(row.PricePerUnit);
  }
  const found = { 'VM types': Object.keys(vm).length || undefined, 'gp3 disks': diskPerGbMonth, addressPerHour };
  complain(region, found);
  return { vm: sorted(vm), diskPerGbMonth, addressPerHour, surplusPerVcpuHour };
}

/** What a vCPU and a GB of memory make of a machine type. */
const shape = (family, cores, gigabytes) => ({ family, cores, gigabytes });
const sizes = [2, 4, 8, 16];
const GOOGLE_TYPES = {
  'e2-micro': shape('E2', 0.25, 1),
  'e2-small': shape('E2', 0.5, 2),
  'e2-medium': shape('E2', 1, 4),
  ...Object.fromEntries(sizes.map((n) => [`e2-standard-${n}`, shape('E2', n, 4 * n)])),
  ...Object.fromEntries(sizes.map((n) => [`e2-highcpu-${n}`, shape('E2', n, n)])),
  ...Object.fromEntries(sizes.map((n) => [`n2-standard-${n}`, shape('N2', n, 4 * n)])),
};

/**
 * Prices of regions out of Google's SKUs: what is priced there is a core and a GB of memory, not a machine type.
 *
 * @throws when a price is not found, or is found twice with different amounts: nothing is written then
 */
export function googlePrices(skus, regions) {
  const price = (region, words) => {
    const fit = skus.filter(
      ({ description, category, serviceRegions = [] }) =>
        words.test(description) &&
        (category?.usageType ?? 'OnDemand') === 'OnDemand' &&
        (serviceRegions.includes(region) || serviceRegions.includes('global')),
    );
    const amounts = new Set(fit.map(amountOf));
    if (amounts.size > 1) throw new Error(`${region}: ${words} means several prices: ${[...amounts].join(', ')}`);
    return [...amounts][0];
  };
  const made = regions.map((region) => {
    const of = (family, what) => price(region, new RegExp(`^${family} Instance ${what} running in`));
    const parts = Object.fromEntries(
      ['E2', 'N2'].map((each) => [each, { core: of(each, 'Core'), ram: of(each, 'Ram') }]),
    );
    const diskPerGbMonth = price(region, /^Balanced PD Capacity in/);
    const addressPerHour = price(region, /^External IP Charge on a Standard VM/);
    const balancerPerHour = price(region, /Forwarding Rule Minimum Service Charge/);
    const { E2, N2 } = parts;
    complain(region, {
      ...{ 'E2 cores': E2.core, 'E2 memory': E2.ram, 'N2 cores': N2.core, 'N2 memory': N2.ram },
      ...{ 'balanced disks': diskPerGbMonth, addressPerHour, balancerPerHour },
    });
    const vm = Object.entries(GOOGLE_TYPES).map(([type, { family, cores, gigabytes }]) => {
      const { core, ram } = parts[family];
      return [type, Number((cores * core + gigabytes * ram).toFixed(6))];
    });
    return { region, vm: Object.fromEntries(vm), diskPerGbMonth, addressPerHour, balancerPerHour };
  });
  return made;
}

/** What is paid in the end: the first hours or GB of a month may be free. */
function amountOf({ pricingInfo }) {
  const { units = '0', nanos = 0 } = pricingInfo.at(-1).pricingExpression.tieredRates.at(-1).unitPrice;
  return Number(units) + nanos / 1e9;
}

function complain(region, found) {
  const missing = Object.entries(found).flatMap(([what, price]) => (price === undefined ? [what] : []));
  if (missing.length > 0) throw new Error(`${region}: the list has no price of ${missing.join(', ')}`);
}

const sorted = (prices) => Object.fromEntries(Object.entries(prices).sort(([a], [b]) => a.localeCompare(b)));

/** The file: what is the same in all regions is told once, and is the dearest of them where it differs. */
export function fileOf(old, asOf, source, regions) {
  const dearest = (name) => Math.max(...regions.map((each) => each[name]));
  const surplus = {};
  for (const { surplusPerVcpuHour = {} } of regions) {
    for (const [family, price] of Object.entries(surplusPerVcpuHour)) {
      surplus[family] = Math.max(surplus[family] ?? 0, price);
    }
  }
  return {
    ...{ asOf, fetched: true, source, page: old.page, addressPerHour: dearest('addressPerHour') },
    ...(old.balancerPerHour === undefined ? {} : { balancerPerHour: dearest('balancerPerHour') }),
    ...(Object.keys(surplus).length === 0 ? {} : { surplusPerVcpuHour: sorted(surplus) }),
    regions: Object.fromEntries(regions.map(({ region, vm, diskPerGbMonth }) => [region, { vm, diskPerGbMonth }])),
  };
}

async function fetched(url) {
  const response = await fetch(url);
  // The query may hold a key.
  if (!response.ok) throw new Error(`${url.split('?')[0]} answered with ${response.status}`);
  return response;
}

/** Lines of a file that is larger than memory should be. */
async function* linesAt(url) {
  let rest = '';
  for await (const chunk of (await fetched(url)).body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    yield* lines;
  }
  yield rest;
}

async function awsRegions(names) {
  const made = [];
  for (const region of names) {
    const rows = (offer) => rowsOf(linesAt(`${AWS_LIST}/${offer}/current/${region}/index.csv`));
    made.push({ region, ...(await awsRegion(region, rows('AmazonEC2'), rows('AmazonVPC'))) });
  }
  return made;
}

async function googleSkus(key) {
  if (!key) throw new Error('GOOGLE_API_KEY is not set: the catalog answers nobody without an API key');
  const all = [];
  for (const service of GOOGLE_SERVICES) {
    for (let token = ''; token !== undefined; ) {
      const url = `${GOOGLE_LIST}/${service}/skus?currencyCode=USD&pageSize=5000&pageToken=${token}&key=${key}`;
      const { skus = [], nextPageToken } = await (await fetched(url)).json();
      all.push(...skus);
      token = nextPageToken || undefined;
    }
  }
  return all;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [, , name] = process.argv;
  if (name !== 'aws' && name !== 'gcp') throw new Error('say which prices: node .tools/prices.mjs aws|gcp');
  const path = new URL(`../templates/prices/${name}.json`, import.meta.url);
  const old = JSON.parse(readFileSync(path, 'utf8'));
  const names = Object.keys(old.regions);
  const asOf = new Date().toISOString().slice(0, 7);
  const isAws = name === 'aws';
  const made = isAws ? await awsRegions(names) : googlePrices(await googleSkus(process.env.GOOGLE_API_KEY), names);
  const source = isAws ? `AWS's price list` : "Google's Cloud Billing Catalog";
  writeFileSync(path, `${JSON.stringify(fileOf(old, asOf, source, made), undefined, 2)}\n`);
}
