import t from 'tap';
import { COLUMNS } from '../../lib/memory/batch.js';
import { load, type Shim } from '../../lib/native/shim.js';

/** Calls as a caller without types could make them. */
const shim = load() as unknown as Record<keyof Shim, (...values: unknown[]) => unknown>;
const bytes = new Uint8Array(64);
const words = new Int32Array(COLUMNS);

const WRONG: [keyof Shim, unknown[], RegExp][] = [
  ['tapOpen', [], /options: expected an object/],
  ['tapWhere', ['0'], /fd: expected/],
  ['tapOpen', [{}], /name: expected a string/],
  ['tapOpen', [{ name: 7 }], /name/],
  ['tapOpen', [{ name: 'a\0b' }], /name: expected a string without NUL/],
  ['tapOpen', [{ name: 'a', queues: '1' }], /queues: expected a 32-bit integer/],
  ['tapOpen', [{ name: 'a', vnetHeader: 1 }], /vnetHeader: expected a boolean/],
  ['tapOpen', [{ name: 'a', netns: 'x'.repeat(5000) }], /netns/],
  ['tapReceive', [NaN, bytes, words, 0, 1], /fd: expected a 32-bit integer/],
  ['tapReceive', [2 ** 31, bytes, words, 0, 1], /fd/],
  ['tapReceive', [0, words, words, 0, 1], /bytes: expected a Uint8Array/],
  ['tapReceive', [0, [], words, 0, 1], /bytes/],
  ['tapTransmit', [bytes, bytes, 0, 1, 0], /words: expected an Int32Array/],
  ['tapTransmit', [bytes, new Int32Array(COLUMNS + 1), 0, 1, 0], /COLUMNS/],
  ['tapTransmit', [bytes, new Int32Array(0), 0, 0, 0], /COLUMNS/],
  ['udpTransmit', [bytes, words, 0.5, 1], /from: expected a 32-bit integer/],
  ['udpReceive', [0, bytes, words, 0], /max/],
  ['udpOpen', [{ family: 5, port: 0 }], /family: expected 4 or 6/],
  ['udpOpen', [{ family: 4, port: 0, mtuDiscover: 'want' }], /mtuDiscover/],
  [
    'udpOpen',
    [{ family: 4, port: 0, address: new Int32Array(3) }],
    /address: expected an Int32Array of four words/,
  ],
  ['udpJoin', [0, [1, 2, 3, 4], 0], /group/],
  ['interfaceSet', ['lo', { mac: new Uint8Array(5) }], /mac: expected a Uint8Array of six octets/],
  ['interfaceSet', ['lo'], /options/],
  ['wait', [0, new Uint8Array(4), 0, 0], /ready: expected an Int32Array/],
  ['watch', [0, 'callback', false], /readable: expected a function/],
  ['netlinkOpen', [1], /groups/],
  ['netlinkOpen', [['1']], /groups/],
  ['netlinkOpen', [Array(33).fill(1)], /groups/],
  ['setNamespace', [7], /path/],
  ['segment', [bytes, words, 0, bytes, bytes], /lengths/],
];

t.test('wrong types throw a TypeError that names the argument', async (t) => {
  for (const [call, values, expected] of WRONG) {
    t.throws(
      () => shim[call](...values),
      { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', message: expected },
      call,
    );
  }
});

t.test('what an option throws passes through', async (t) => {
  const options = {
    get name(): string {
      throw new RangeError('from the getter');
    },
  };
  t.throws(() => shim.tapOpen(options), { name: 'RangeError', message: 'from the getter' });
});

t.test('shared and partial arrays are taken as they lie', async (t) => {
  const buffer = new SharedArrayBuffer(32);
  const view = new Uint8Array(buffer, 4, 8);
  view.set([0, 1, 0, 2, 0, 3, 0xff, 0xff]);
  t.equal(shim.checksum(view, 0, 6), 6);
  t.equal(shim.checksum(view, 2, 6), 5, 'carried around');
});
