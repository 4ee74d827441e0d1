/** How a batch's end is accounted for: which errno of a port is which reason. */
import t from 'tap';
import { RX_BYTES, RX_PACKETS, TX_BYTES, TX_PACKETS } from '../../lib/dataplane/counters.js';
import {
  accountReceived,
  accountReplies,
  accountTransmitted,
  isMulticastWords,
} from '../../lib/dataplane/output.js';
import { DEVICE, EXTRA, LENGTH, STATUS } from '../../lib/memory/batch.js';
import { errnoNumber } from '../../lib/native/errno.js';
import { parseAddress } from '../../lib/wire/text.js';
import { Bench } from '../support/bench.js';

/** A batch of one entry for each errno, 0 = no error, of 100 octets behind an Ethernet header each. */
function finished(bench: Bench, errors: readonly (string | 0)[]): void {
  bench.tx.length = errors.length;
  for (const [j, error] of errors.entries()) {
    bench.tx.set(DEVICE, j, 0);
    bench.tx.set(LENGTH, j, 114);
    bench.tx.set(EXTRA, j, 100);
    bench.tx.set(STATUS, j, error === 0 ? 0 : -errnoNumber(error));
  }
}

const SENT: [string, string][] = [
  ['EMSGSIZE', 'too_big'],
  ['ENETUNREACH', 'no_route'],
  ['EHOSTUNREACH', 'no_route'],
  ['ENETDOWN', 'no_route'],
  ['EINVAL', 'no_route'],
  ['EAGAIN', 'socket_full'],
  ['ENOBUFS', 'socket_full'],
  ['E2BIG', 'offload_invalid'],
  ['EPROTO', 'offload_invalid'],
  ['EBADMSG', 'offload_invalid'],
  ['EPERM', 'send_failed'],
  ['EFAULT', 'send_failed'],
];

t.test('datagrams', async (t) => {
  const bench = new Bench();
  finished(bench, [0, 0, 'EPERM']);
  accountTransmitted(bench.tx, [bench.device], bench.ring);
  t.equal(bench.device.counters[TX_PACKETS], 2);
  t.equal(bench.device.counters[TX_BYTES], 200);
  t.same(bench.reasons(), { send_failed: 1 });
  for (const [errno, reason] of SENT) {
    const one = new Bench();
    finished(one, [errno]);
    accountTransmitted(one.tx, [one.device], one.ring);
    t.same(one.reasons(), { [reason]: 1 }, errno);
    t.equal(one.device.counters[TX_PACKETS], 0);
  }
});

t.test('frames', async (t) => {
  const bench = new Bench();
  finished(bench, [0, 'EIO', 'EAGAIN', 'ENOBUFS']);
  accountReceived(bench.tx, [bench.device]);
  t.equal(bench.device.counters[RX_PACKETS], 1);
  t.equal(bench.device.counters[RX_BYTES], 100);
  t.same(bench.reasons(), { rx_device_down: 1, tap_full: 2 });
});

t.test('replies count only when they are refused', async (t) => {
  const bench = new Bench();
  finished(bench, [0, 'EIO', 'EAGAIN']);
  accountReplies(bench.tx, [bench.device]);
  t.same(bench.reasons(), { rx_device_down: 1, tap_full: 1 });
  t.equal(bench.device.counters[RX_PACKETS], 0);
});

t.test('group addresses', async (t) => {
  const isGroup = (text: string) => {
    const [a0, a1, a2, a3] = parseAddress(text)!;
    return isMulticastWords(a0, a1, a2, a3);
  };
  for (const group of ['224.0.0.0', '239.255.255.255', 'ff02::1', 'ff00::']) t.ok(isGroup(group), group);
  for (const host of ['223.255.255.255', '240.0.0.0', '192.0.2.1', 'fe80::1', '::', '::1', '0.0.0.0']) {
    t.notOk(isGroup(host), host);
  }
});
