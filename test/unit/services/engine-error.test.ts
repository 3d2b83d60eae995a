import { expect, test } from 'vitest';
import { engineSays, plainText } from '../../../templates/services/common/engine-error.ts';

test.each([
  [500, '{"error":"model requires more system memory"}', 'model requires more system memory'],
  [404, '{"error":{"message":"model \'x\' not found","type":"not_found_error"}}', "model 'x' not found"],
  [400, '{"message":"no"}', 'no'],
  [404, '404 page not found', 'answered with status 404: 404 page not found'],
  [502, '<html>\r\n<h1>Bad Gateway</h1>\n</html>', 'answered with status 502: <html> <h1>Bad Gateway</h1> </html>'],
  [500, '', 'answered with status 500'],
  [500, '{"error":""}', 'answered with status 500'],
  [500, '{"error":7}', 'answered with status 500'],
  [500, '[]', 'answered with status 500'],
])('%i %s: %s', (status, text, said) => {
  expect(engineSays({ status, headers: {}, text })).toBe(said);
});

test('what an engine says is one line of bounded length without control characters', () => {
  expect(plainText('a\u001b[31mb\u0000\u202Ec\n\n\td\u009B')).toBe('a [31mb c d');
  expect(plainText('é'.repeat(501))).toBe(`${'é'.repeat(500)}…`);
  expect(plainText('x'.repeat(1_000_000)).length).toBe(501);
});
