/** The accounts of a batch by remote: what a port refused, and where batches fill up. */
import t from 'tap';
import { LEARNING, REMOTE_STATS, UP } from '../../lib/dataplane/device.js';
import { REASONS } from '../../lib/dataplane/reasons.js';
import { accountHeard, accountSent } from '../../lib/dataplane/remote-accounts.js';
import {
  REMOTE_REASON0,
  type RemoteRow,
  REMOTE_RX_BYTES,
  REMOTE_RX_PACKETS,
  REMOTE_TX_BYTES,
  REMOTE_TX_PACKETS,
  RemoteCounters,
} from '../../lib/dataplane/remote-counters.js';
import { GSO_SIZE, PEER3, STATUS } from '../../lib/memory/batch.js';
import { errnoNumber } from '../../lib/native/errno.js';
import { Bench, type BenchOptions } from '../support/bench.js';
import { FAR, NEAR, OTHER, PEER, ZERO_MAC } from '../support/memory-host.js';
import { udpFrame, vxlanPacket } from '../support/packets.js';

const COUNTED = UP | LEARNING | REMOTE_STATS;
const FROM_FAR = udpFrame(NEAR, FAR);
const DATAGRAM = vxlanPacket(42, FROM_FAR);
const OCTETS = FROM_FAR.length - 14;
const PEER_WORD = 0xc0000202 | 0;
const OTHER_WORD = 0xc0000203 | 0;

function counting(options: BenchOptions = {}): { bench: Bench; counters: RemoteCounters } {
  const bench = new Bench({ ...options, settings: { features: COUNTED } });
  const counters = new RemoteCounters();
  bench.device.remoteCounters = counters;
  return { bench, counters };
}

const rowOf = (counters: RemoteCounters, last: number, port = 0, vni = -1): RemoteRow | undefined =>
  [...counters.rows()].find((row) => row.address?.[3] === last && row.port === port && row.vni === vni);

function reasonsOf(row: RemoteRow | undefined): Record<string, number> {
  const all = REASONS.map(({ name }, i): [string, number] => [name, row!.counters[REMOTE_REASON0 + i]]);
  return Object.fromEntries(all.filter(([, count]) => count > 0));
}

t.test('what was sent, and errors by reason', async (t) => {
  const { bench, counters } = counting();
  bench.learn(ZERO_MAC, [bench.remote(PEER), bench.remote(OTHER, 5_000, 7)]);
  for (let n = 0; n < 4; n++) bench.put(udpFrame(FAR, NEAR));
  bench.runEncap();
  t.equal(bench.tx.length, 8);
  // To each remote one of its four fails in another way.
  for (const [j, errno] of [
    [0, 'ENETUNREACH'],
    [1, 'EMSGSIZE'],
    [2, 'ENOBUFS'],
  ] as const)
    bench.tx.set(STATUS, j, -errnoNumber(errno));
  accountSent(bench.tx, bench.slab, [bench.device], 5);
  const [first, second] = [rowOf(counters, PEER_WORD), rowOf(counters, OTHER_WORD, 5_000, 7)];
  t.same(reasonsOf(second), { no_route: 1, socket_full: 1 });
  t.same(reasonsOf(first), { too_big: 1 });
  t.same([first!.counters[REMOTE_TX_PACKETS], first!.counters[REMOTE_TX_BYTES]], [3, 3 * OCTETS]);
  t.same([second!.counters[REMOTE_TX_PACKETS], second!.counters[REMOTE_TX_BYTES]], [2, 2 * OCTETS]);
});

t.test('what was handed up, and what the interface did not take', async (t) => {
  const { bench, counters } = counting();
  bench.learn(FAR, [bench.remote(PEER)], 0x02);
  for (let n = 0; n < 3; n++) bench.put(DATAGRAM);
  bench.put(vxlanPacket(42, udpFrame(NEAR, '02:00:00:00:02:09')));
  bench.rx.set(PEER3, 3, OTHER_WORD);
  bench.runDecap();
  bench.tx.set(STATUS, 1, -errnoNumber('EIO'));
  bench.tx.set(STATUS, 2, -errnoNumber('EAGAIN'));
  accountHeard(bench.rx, bench.tx, [bench.device], 0);
  const row = rowOf(counters, PEER_WORD);
  t.same([row!.counters[REMOTE_RX_PACKETS], row!.counters[REMOTE_RX_BYTES]], [1, OCTETS]);
  t.same(reasonsOf(row), { rx_device_down: 1, tap_full: 1 });
  t.equal(rowOf(counters, OTHER_WORD)!.counters[REMOTE_RX_PACKETS], 1);
});

t.test('coalesced datagrams, in more batches than one', async (t) => {
  const { bench, counters } = counting({ txCapacity: 5 });
  bench.learn(FAR, [bench.remote(PEER)], 0x02);
  const many = new Uint8Array(7 * DATAGRAM.length);
  for (let n = 0; n < 7; n++) many.set(DATAGRAM, n * DATAGRAM.length);
  for (let n = 0; n < 3; n++) {
    bench.put(many);
    bench.rx.set(GSO_SIZE, n, DATAGRAM.length);
  }
  bench.rx.set(PEER3, 1, OTHER_WORD);
  for (let done = false; !done; bench.tx.length = 0) {
    done = bench.runDecap();
    accountHeard(bench.rx, bench.tx, [bench.device], 0);
  }
  t.equal(rowOf(counters, PEER_WORD)!.counters[REMOTE_RX_PACKETS], 14);
  t.equal(rowOf(counters, OTHER_WORD)!.counters[REMOTE_RX_PACKETS], 7);
});

t.test('a device whose settings say no is not counted, whatever is left of its table', async (t) => {
  const { bench, counters } = counting();
  bench.device.settings = { ...bench.device.settings, features: UP | LEARNING };
  bench.put(DATAGRAM);
  bench.runDecap();
  accountHeard(bench.rx, bench.tx, [bench.device], 0);
  t.equal([...counters.rows()].length, 1, 'the row of all others alone');
});
