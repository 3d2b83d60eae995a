import { describe, expect, it } from 'vitest';
import { closureOf, definitionsOf } from '../../../src/services/targets/gcp/definitions.ts';
import { SERVICES } from '../../../src/services/targets/gcp/library.ts';

const field = (type: string) => ({ fields: { it: { type } } });
const DEFINITIONS = {
  Images: { methods: { Get: { requestType: 'GetImageRequest', responseType: '.google.cloud.compute.v1.Image' } } },
  GetImageRequest: field('string'),
  Image: { ...field('Image.Status'), nested: { Status: {}, Inner: field('Disk') } },
  Disk: field('Image'),
  Routers: { methods: { Get: { requestType: 'GetRouterRequest', responseType: 'Router' } } },
  GetRouterRequest: field('string'),
  Router: field('string'),
};

describe('the definitions of some services', () => {
  it('are those that they name, directly or not, and no others', () => {
    const kept = closureOf(['Images'], DEFINITIONS);
    expect(Object.keys(kept).sort()).toEqual(['Disk', 'GetImageRequest', 'Image', 'Images']);
    expect(kept.Image).toBe(DEFINITIONS.Image);
  });

  it('leave out a service that there is not', () => {
    expect(closureOf(['Nothing'], DEFINITIONS)).toEqual({});
  });

  it('hold, of the installed library, every service that is used, and no other version of the API', () => {
    const { version, definitions } = definitionsOf(SERVICES);
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    const { cloud, api, protobuf } = definitions.nested?.google?.nested ?? {};
    expect([api, protobuf]).toEqual([expect.anything(), expect.anything()]);
    const versions = cloud?.nested?.compute?.nested ?? {};
    expect(Object.keys(versions)).toEqual(['v1']);
    expect(Object.keys(versions.v1?.nested ?? {})).toEqual(expect.arrayContaining([...SERVICES, 'Operation']));
    expect(versions.v1?.nested).not.toHaveProperty('VpnTunnels');
  });
});
