import { readFileSync } from 'node:fs';
import t from 'tap';
import * as batch from '../../lib/memory/batch.js';
import * as slab from '../../lib/memory/slab.js';

const HEADER = readFileSync(new URL('../../../native-shim/batch.h', import.meta.url), 'utf8').replaceAll(
  /\/\*.*?\*\//gs,
  '',
);

/** The enumerators of batch.h: the columns. */
function enumerators(): Record<string, number> {
  const matches = HEADER.matchAll(/^\s*([A-Z][A-Z0-9_]*)\s*=\s*(\d+),/gm);
  return Object.fromEntries([...matches].map(([, name, value]) => [name, Number(value)]));
}

/** Its macros: numbers, or two numbers and an operator. */
function macros(): Record<string, number> {
  const constants: Record<string, number> = {};
  for (const [, name, value] of HEADER.matchAll(/^#define ([A-Z][A-Z0-9_]*) (.+)$/gm)) {
    const term = /^\(?(\w+)(?: (\+|\*|<<) (\w+))?\)?$/.exec(value.trim());
    if (!term) throw new Error(`${name}: cannot read ${value}`);
    const [left, right] = [Number(term[1]), Number(term[3] ?? 0)];
    constants[name] = { '+': left + right, '*': left * right, '<<': left << right }[term[2] ?? '+'] ?? NaN;
  }
  return constants;
}

function numbersOf(module: object): Record<string, number> {
  return Object.fromEntries(Object.entries(module).filter(([, value]) => typeof value === 'number'));
}

t.test('native-shim/batch.h says what batch.ts and slab.ts say', async (t) => {
  const ours = { ...numbersOf(batch), ...numbersOf(slab) };
  t.ok(Object.keys(ours).length > 30);
  t.same({ ...enumerators(), ...macros() }, ours);
});

t.test('columns are numbered without a gap', async (t) => {
  const { COLUMNS, ...columns } = enumerators();
  t.same(Object.values(columns), [...Array(COLUMNS).keys()]);
});

t.test('a batch', async (t) => {
  const one = new batch.Batch(3);
  t.equal(one.length, 0);
  one.set(batch.PEER3, 2, 0xc0a86403);
  t.equal(one.get(batch.PEER3, 2), 0xc0a86403 | 0, 'columns are signed');
  t.equal(one.words[batch.PEER3 * 3 + 2], 0xc0a86403 | 0);
  t.equal(one.words[batch.cell(batch.PEER3, one.capacity, 2)], 0xc0a86403 | 0);
  t.equal(
    one.words.reduce((sum, word) => sum + Number(word !== 0), 0),
    1,
  );
  for (const capacity of [0, -1, 1.5, 65_537, NaN]) t.throws(() => new batch.Batch(capacity), RangeError);
  t.equal(new batch.Batch(65_536).words.length, 65_536 * batch.COLUMNS);
});

t.test('a slab', async (t) => {
  const two = new slab.Slab(2);
  t.equal(two.slotOffset(0), slab.HEADROOM);
  t.equal(two.slotOffset(1), slab.STRIDE + slab.HEADROOM);
  t.equal(two.bytes.length, 2 * slab.STRIDE);
  two.bytes[5] = 7;
  t.equal(two.view.getUint8(5), 7, 'one memory');
  t.ok(slab.HEADROOM + slab.SLOT_BYTES <= slab.STRIDE, 'a slot holds its frame');
  t.equal(slab.STRIDE % 64, 0, 'slots start on a cache line');
  t.equal((slab.STRIDE / 64) % 2, 1, 'an odd number of them');
  for (const slots of [0, -1, 0.5, 4_097, NaN]) t.throws(() => new slab.Slab(slots), RangeError);
});
