import { describe, expect, it } from 'vitest';
import { closureOf } from '../../../src/services/gcp/definitions.ts';

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
});
