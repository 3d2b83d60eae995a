import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { costOf, type PriceList, priceList, vmPerHour } from '../../src/services/stack/prices.ts';

// A script, without types.
const script = new URL('../../.tools/prices.mjs', import.meta.url).href;
const { awsRegion, fileOf, googlePrices, rowsOf } = await import(/* @vite-ignore */ script);

const price = z.number().positive();
const List = z.strictObject({
  asOf: z.string().regex(/^\d{4}-\d\d$/),
  fetched: z.boolean(),
  source: z.string().min(1),
  page: z.url(),
  addressPerHour: price,
  balancerPerHour: price.optional(),
  surplusPerVcpuHour: z.record(z.string(), price).optional(),
  regions: z.record(z.string(), z.strictObject({ vm: z.record(z.string(), price), diskPerGbMonth: price })),
});

const list: PriceList = {
  ...{ asOf: '2030-02', fetched: true, source: 'a list', page: 'https://prices.example', addressPerHour: 0.01 },
  regions: { north: { vm: { 'x1.big': 0.5, 'b1.big': 0.25 }, diskPerGbMonth: 0.073 } },
  surplusPerVcpuHour: { b1: 0.05 },
};
const request = { region: 'north', type: 'x1.big', diskGb: 100, address: true, count: { min: 1, max: 1 } };

describe.each(['aws', 'gcp'])('the list of %s that is shipped', (name) => {
  test('has the documented form, and says that nobody has fetched it', () => {
    const shipped = List.parse(priceList(name));
    expect(shipped.fetched ? '' : shipped.source).toContain('from memory');
  });

  test('is what a file of the package holds', () => {
    const { files } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(files).toContain('templates');
  });
});

describe('a cost', () => {
  test('is VM, disk and address of each, and says how old it is', () => {
    expect(vmPerHour(list, { ...request, address: false })).toBeCloseTo(0.51, 6);
    expect(costOf(list, request)).toEqual({
      perHour: { min: 0.52, max: 0.52 },
      asOf: '2030-02',
      lines: [
        'cost: 0.5200 USD per hour in north (1 x x1.big with 100 GB disk and public IPv4 at 0.5200 USD each); 12.48 USD a day until it is torn down',
        'list prices as of 2030-02 (built in, from a list); excludes tax, traffic and logs',
      ],
    });
  });

  test('of a group is a range with its load balancer; what ends by itself is bounded', () => {
    const group = { ...request, address: false, count: { min: 1, max: 3 }, endsAfterSeconds: 7200 };
    const { perHour, lines } = costOf({ ...list, balancerPerHour: 0.02 }, group);
    expect(perHour).toEqual({ min: 0.53, max: expect.closeTo(1.55, 6) });
    expect(lines[0]).toBe(
      'cost: 0.5300 USD to 1.5500 USD per hour in north (1 to 3 x x1.big with 100 GB disk at 0.5100 USD each, load balancer 0.0200 USD); at most 3.10 USD with --ttl',
    );
  });

  test('of a burstable type may be more under load', () => {
    expect(costOf(list, { ...request, type: 'b1.big' }).lines[1]).toBe(
      'plus up to 0.05 USD per vCPU and hour under load: b1.big is a burstable type',
    );
  });
});

// The fixtures are made from the documented format of the lists: nobody has recorded them.
describe('prices out of the lists of the providers', () => {
  const columns = 'SKU,TermType,Unit,PricePerUnit,Currency,Instance Type,Tenancy,Operating System,Pre Installed S/W,';
  const header = `${columns}CapacityStatus,Volume API Name,usageType`.split(',');
  const line = (fields: readonly string[]) => fields.map((text) => `"${text.replaceAll('"', '""')}"`).join(',');
  const csv = (...rows: Readonly<Record<string, string>>[]) => [
    line(['FormatVersion', 'v1.0']),
    line(['Disclaimer', 'a "list", with commas']),
    line(header),
    ...rows.map((row) => line(header.map((name) => row[name] ?? ''))),
    '',
  ];
  const each = { SKU: 'ABC', TermType: 'OnDemand', Currency: 'USD' };
  const vm = { ...each, Unit: 'Hrs', Tenancy: 'Shared', CapacityStatus: 'Used', 'Pre Installed S/W': 'NA' };
  const linux = { ...vm, 'Operating System': 'Linux', 'Instance Type': 'c6i.xlarge', PricePerUnit: '0.1820000000' };
  const disk = { ...each, Unit: 'GB-Mo', 'Volume API Name': 'gp3', PricePerUnit: '0.0836' };
  const address = { ...each, usageType: 'EUN1-PublicIPv4:InUseAddress', PricePerUnit: '0.005' };
  const credits = { ...each, usageType: 'EUN1-CPUCredits:t3', 'Operating System': 'Linux', PricePerUnit: '0.05' };

  test("AWS's: plain Linux VMs on demand, gp3, credits, addresses; everything else is left out", async () => {
    const others = [
      { ...linux, TermType: 'Reserved', PricePerUnit: '0.1' },
      { ...linux, 'Operating System': 'Windows', PricePerUnit: '0.3' },
      { ...linux, Tenancy: 'Dedicated', PricePerUnit: '0.4' },
      { ...linux, CapacityStatus: 'AllocatedCapacityReservation', PricePerUnit: '0' },
      { ...linux, 'Instance Type': 'x2iedn.metal' },
    ];
    const region = await awsRegion('eu-north-1', rowsOf(csv(linux, ...others, disk, credits)), rowsOf(csv(address)));
    expect(region).toEqual({
      vm: { 'c6i.xlarge': 0.182 },
      diskPerGbMonth: 0.0836,
      addressPerHour: 0.005,
      surplusPerVcpuHour: { t3: 0.05 },
    });
    const file = fileOf(priceList('aws'), '2030-01', 'a list', [{ region: 'eu-north-1', ...region }]);
    expect(List.parse(file)).toMatchObject({ fetched: true, asOf: '2030-01', surplusPerVcpuHour: { t3: 0.05 } });
  });

  test('a price that is missing is named', async () => {
    await expect(awsRegion('eu-north-1', rowsOf(csv(linux)), rowsOf(csv()))).rejects.toThrow(
      'eu-north-1: the list has no price of gp3 disks, addressPerHour',
    );
  });

  const sku = (description: string, nanos: number, usageType = 'OnDemand', region = 'europe-west3') => ({
    description,
    category: { resourceFamily: 'Compute', usageType },
    serviceRegions: [region],
    pricingInfo: [
      {
        pricingExpression: {
          usageUnit: 'h',
          tieredRates: [{ startUsageAmount: 0, unitPrice: { currencyCode: 'USD', units: '0', nanos } }],
        },
      },
    ],
  });
  const skus = [
    sku('E2 Instance Core running in Frankfurt', 28_103_000),
    sku('E2 Instance Ram running in Frankfurt', 3_766_000),
    sku('N2 Instance Core running in Frankfurt', 40_720_000),
    sku('N2 Instance Ram running in Frankfurt', 5_458_000),
    sku('Balanced PD Capacity in Frankfurt', 120_000_000),
    sku('External IP Charge on a Standard VM', 5_000_000, 'OnDemand', 'global'),
    sku('Cloud Load Balancer Forwarding Rule Minimum Service Charge in Frankfurt', 25_000_000),
    sku('E2 Instance Core running in Frankfurt', 9_000_000, 'Preemptible'),
    sku('E2 Instance Core running in Paris', 29_000_000, 'OnDemand', 'europe-west9'),
  ];

  test("Google's: a machine type is its cores and its memory", () => {
    const regions = googlePrices(skus, ['europe-west3']);
    expect(regions[0]).toMatchObject({ diskPerGbMonth: 0.12, addressPerHour: 0.005, balancerPerHour: 0.025 });
    const file: unknown = fileOf(priceList('gcp'), '2030-01', 'a catalog', regions);
    const prices = List.parse(file).regions['europe-west3']?.vm;
    expect(prices?.['e2-standard-2']).toBeCloseTo(0.0863, 4);
    expect(Object.keys(prices ?? {})).toEqual(Object.keys(priceList('gcp').regions['europe-west3']?.vm ?? {}));
  });

  test('two prices of one thing, or none, are an error', () => {
    const twice = [...skus, sku('Balanced PD Capacity in Frankfurt', 130_000_000)];
    expect(() => googlePrices(twice, ['europe-west3'])).toThrow('means several prices: 0.12, 0.13');
    expect(() => googlePrices(skus.slice(1), ['europe-west3'])).toThrow('no price of E2 cores');
  });
});
