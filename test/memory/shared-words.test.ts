import t from 'tap';
import { sharedWords } from '../../lib/memory/shared-words.js';

t.test('words are shared, zeroed, and as many as asked for', async (t) => {
  const words = sharedWords(3);
  t.ok(words.buffer instanceof SharedArrayBuffer);
  t.same([...words], [0, 0, 0]);
});

t.test('only what a huge page may fit in is advised of', async (t) => {
  const advised: number[] = [];
  const advise = (buffer: SharedArrayBuffer): void => void advised.push(buffer.byteLength);
  sharedWords((1 << 20) - 1, advise);
  sharedWords(1 << 20, advise);
  t.same(advised, [4 << 20]);
});
