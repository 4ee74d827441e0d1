import t from 'tap';
import { GSO_TCPV4, NEEDS_CSUM } from '../../lib/memory/batch.js';
import { EFAULT, EINVAL, ENOBUFS, errnoName } from '../../lib/native/errno.js';
import { load } from '../../lib/native/shim.js';
import { check, ethernet, ipv4, payload, tcp } from '../support/check.js';
import { Burst, counting } from './burst.js';
import { tcpFrame, udpFrame } from './frames.js';

const shim = load();
const out = new Uint8Array(1 << 17);
const lengths = new Int32Array(64);
const GSO = { offload: NEEDS_CSUM | GSO_TCPV4, gsoSize: 1000, csum: 34 | (16 << 16) };

t.test('segment cuts one entry', async (t) => {
  const burst = new Burst(4);
  burst.putFrame(2, tcpFrame({ payload: counting(2500), partial: true }), GSO);
  t.equal(shim.segment(burst.bytes, burst.words, 2, out, lengths), 3);
  t.same([...lengths.subarray(0, 3)], [1054, 1054, 554]);
  check(
    out.subarray(1054, 2108),
    ethernet(),
    ipv4(),
    tcp({ sequence: 1001 }),
    payload(counting(2500).subarray(1000, 2000)),
  );
});

t.test('segment says why it does not', async (t) => {
  const burst = new Burst(4);
  burst.putFrame(0, tcpFrame({ payload: counting(2500), partial: true }), { ...GSO, gsoSize: 0 });
  t.equal(
    errnoName(shim.segment(burst.bytes, burst.words, 0, out, lengths)),
    'EPROTO',
    'a segment size of 0',
  );
  burst.putFrame(0, tcpFrame({ payload: counting(2500), partial: true }), GSO);
  t.equal(shim.segment(burst.bytes, burst.words, 0, out.subarray(0, 2000), lengths), ENOBUFS);
  t.equal(shim.segment(burst.bytes, burst.words, 0, out, lengths.subarray(0, 2)), ENOBUFS);
  t.equal(shim.segment(burst.bytes, burst.words, 4, out, lengths), EINVAL);
  burst.put(0, { offset: -1, length: 60 });
  t.equal(shim.segment(burst.bytes, burst.words, 0, out, lengths), EFAULT);
  burst.putFrame(0, counting(60), { offload: 77 << 8 });
  t.equal(
    errnoName(shim.segment(burst.bytes, burst.words, 0, out, lengths)),
    'EPROTO',
    'an unknown gso_type',
  );
});

t.test('coalesce shows the writes of tapTransmit', async (t) => {
  const burst = new Burst(8);
  for (let i = 0; i < 3; i++) {
    burst.putFrame(i, tcpFrame({ payload: counting(100), sequence: 1 + 100 * i, id: i }), {
      port: 9,
      gsoSize: 1500,
    });
  }
  burst.putFrame(3, udpFrame({ payload: counting(10) }), { port: 9, gsoSize: 1500 });
  t.equal(shim.coalesce(burst.bytes, burst.words, 0, 4, 3, out, lengths), 2);
  t.same([...lengths.subarray(0, 2)], [10 + 354, 10 + 52]);
  t.same([...out.subarray(0, 2)], [1, 1], 'NEEDS_CSUM, TCPV4');
  t.equal(shim.coalesce(burst.bytes, burst.words, 0, 4, 0, out, lengths), 4, 'each by itself');
  t.equal(shim.coalesce(burst.bytes, burst.words, 0, 9, 3, out, lengths), EINVAL);
  t.equal(shim.coalesce(burst.bytes, burst.words, 0, 4, 3, out.subarray(0, 400), lengths), ENOBUFS);
});

t.test('checksum of a range', async (t) => {
  t.equal(
    shim.checksum(Uint8Array.of(0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7), 0, 8),
    0xddf2,
    'RFC 1071, section 3',
  );
  t.equal(shim.checksum(Uint8Array.of(9, 0x12), 1, 1), 0x1200, 'an odd octet counts as the first of two');
  t.equal(shim.checksum(new Uint8Array(8), 4, 5), EFAULT);
});
