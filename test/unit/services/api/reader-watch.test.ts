import { expect, test } from 'vitest';
import { parseQueues } from '../../../../templates/services/common/api/kernel-queue.ts';
import { AnswerBuilder } from '../../../../templates/services/common/engine/answer.ts';

test('the kernel’s table of connections is read by inode: what waits to be taken, and nothing of what waits for nobody', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F40 0100007F:D2A4 01 002A5800:00000000 01:00000014 00000000     0        0 101 2 0000000000000000 20 4 30 10 -1
`;
  expect([...parseQueues(table)]).toEqual([['101', 0x2a5800]]);
});

test('an answer that the sink alone wants is not kept, and is none the emptier for it', () => {
  const heard: unknown[] = [];
  const builder = new AnswerBuilder((deltas) => void heard.push(...deltas), true);
  builder.text('one');
  builder.flush();
  builder.end();
  expect(heard).toEqual([{ text: 'one' }]);
  expect(builder.build().text).toBe('');
});
