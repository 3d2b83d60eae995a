import { describe, expect, it } from 'vitest';
import { formatTag, parseTag } from '../../../src/services/targets/local/process-tag.ts';

const TAG = { folder: '/home/ann o’hara/a=b&c/ü', key: 'b-1', spec: 'abc123', token: 't-1', port: 40_001 };

describe('process tags', () => {
  it('survive a command line, whatever the folder is called', () => {
    const argument = formatTag(TAG);
    expect(argument).not.toContain(' ');
    expect(parseTag(`/usr/bin/node /opt/x y/service-b.mjs ${argument} --more`)).toEqual(TAG);
  });

  it.each([
    'node server.js',
    'grep --chainctl=',
    '--chainctl=folder=%2Fx&key=a&spec=s&token=t&port=none',
    '--chainctl=folder=%2Fx&key=a',
    '',
  ])('are not seen in %j', (command) => {
    expect(parseTag(command)).toBeUndefined();
  });
});
