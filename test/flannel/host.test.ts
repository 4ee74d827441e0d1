import t from 'tap';
import { Host } from '../../lib/flannel/host.js';
import { EAGAIN, errnoNumber } from '../../lib/native/errno.js';
import { readMessages, viewOf } from '../../lib/native/netlink/message.js';
import { NUD_PERMANENT, RTM_NEWNEIGH } from '../../lib/native/netlink/neighbour.js';
import type { NetlinkShim } from '../../lib/native/netlink/request.js';

/** Answers every request with the errno that `verdict` has for it (0 = done). */
function kernel(verdict: (type: number, n: number) => string | undefined): {
  shim: NetlinkShim;
  asked: number[];
} {
  const queue: Uint8Array[] = [];
  const asked: number[] = [];
  const shim: NetlinkShim = {
    netlinkOpen: () => 5,
    close: () => 0,
    netlinkSend: (_fd, bytes) => {
      for (const { type, sequence } of readMessages(bytes)) {
        const errno = verdict(type, asked.push(type) - 1);
        const answer = new Uint8Array(36);
        const view = viewOf(answer);
        view.setUint32(0, 36, true);
        view.setUint16(4, 2, true);
        view.setUint32(8, sequence, true);
        view.setInt32(16, errno === undefined ? 0 : -errnoNumber(errno), true);
        queue.push(answer);
      }
      return bytes.length;
    },
    netlinkReceive: (_fd, buffer) => {
      const next = queue.shift();
      if (next === undefined) return EAGAIN;
      buffer.set(next);
      return next.length;
    },
  };
  return { shim, asked };
}

const neighbours = [1, 2, 3].map((n) => ({
  ...{ ifindex: 4, address: `10.5.${n}.0`, mac: `02:00:00:00:00:0${n}`, state: NUD_PERMANENT },
}));
const route = { dst: '10.5.3.0/24', via: '10.5.3.0', ifindex: 4, onlink: true };

t.test('what fails in passing is tried again, and nothing else', async (t) => {
  const pauses: number[] = [];
  const { shim, asked } = kernel((_type, n) => (n === 1 ? 'ENOBUFS' : n === 3 ? 'EAGAIN' : undefined));
  const host = new Host(shim, { sleep: async (ms) => void pauses.push(ms) });
  t.same(await host.setNeighbours(neighbours), [undefined, undefined, undefined]);
  t.equal(asked.length, 5, 'three, one of them again, and again');
  t.same(pauses, [10, 40]);
});

t.test('a neighbour table without room', async (t) => {
  const { shim, asked } = kernel((type, n) => (type === RTM_NEWNEIGH && n !== 0 ? 'ENOBUFS' : undefined));
  const host = new Host(shim, { sleep: async () => {}, readSetting: () => '1024' });
  const [first, second] = await host.setNeighbours(neighbours);
  t.equal(first, undefined);
  t.match(second, {
    ...{ code: 'ERR_VTEP_LIMIT', errno: 'ENOBUFS', word: '10.5.2.0' },
    message:
      /neighbour table is full \(net\.ipv4\.neigh\.default\.gc_thresh3 is 1024\); raise it with `sysctl -w/,
  });
  t.equal(asked.filter((type) => type === RTM_NEWNEIGH).length, 3 + 4 * 2, 'after five attempts');
});

t.test('each is refused by itself, in words', async (t) => {
  const { shim } = kernel((_type, n) => ['ENETUNREACH', 'EPERM', undefined][n]);
  const outcomes = await new Host(shim).setRoutes([route, route, { ...route, dst: '10.5.4.0/24' }]);
  t.match(outcomes[0], {
    code: 'ERR_VTEP_SYSTEM',
    errno: 'ENETUNREACH',
    message: /^cannot set route 10\.5\.3\.0\/24 via 10\.5\.3\.0 dev \S+ onlink: ENETUNREACH$/,
  });
  t.match(outcomes[1], { code: 'ERR_VTEP_PERMISSION', message: /run as root or give CAP_NET_ADMIN/ });
  t.equal(outcomes[2], undefined);
});

t.test('what has gone already is removed', async (t) => {
  for (const errno of ['ENOENT', 'ESRCH', 'ENODEV']) {
    const { shim } = kernel(() => errno);
    const host = new Host(shim);
    t.same(await host.deleteRoutes([route]), [undefined], errno);
    t.same(await host.deleteNeighbours(4, ['10.5.3.0']), [undefined]);
  }
  const { shim } = kernel(() => 'EADDRNOTAVAIL');
  await new Host(shim).deleteAddress(4, '10.5.74.0', 32);
  const { shim: refusing } = kernel(() => 'EPERM');
  t.match(await new Host(refusing).deleteRoutes([route]), [{ code: 'ERR_VTEP_PERMISSION' }]);
  await t.rejects(new Host(refusing).deleteAddress(4, '10.5.74.0', 32), {
    message: /remove address 10\.5\.74\.0\/32/,
  });
});

t.test('an address that is there already is added', async (t) => {
  const { shim } = kernel(() => 'EEXIST');
  await new Host(shim).addAddress(4, '10.5.74.0', 32);
  const { shim: refusing } = kernel(() => 'ENODEV');
  await t.rejects(new Host(refusing).addAddress(4, '10.5.74.0', 32), {
    code: 'ERR_VTEP_SYSTEM',
    errno: 'ENODEV',
  });
});

t.test('settings', (t) => {
  const { shim } = kernel(() => undefined);
  const files = new Map([['/proc/sys/net/ipv6/conf/flannel.1/accept_ra', '1']]);
  let writes = 0;
  const host = new Host(shim, {
    readSetting: (path) => files.get(path) ?? fail('ENOENT'),
    writeSetting: (path, value) => (writes++, files.set(path, value)),
  });
  t.equal(host.setting('ipv6/conf/flannel.1/accept_ra', '0'), undefined);
  t.equal(host.setting('ipv6/conf/flannel.1/accept_ra', '0'), undefined);
  t.equal(writes, 1, 'written where it differs');
  t.equal(host.setting('ipv6/conf/none/accept_ra', '0'), undefined, 'a kernel without IPv6 accepts none');
  const readOnly = new Host(shim, { readSetting: () => '1', writeSetting: () => fail('EROFS') });
  t.equal(readOnly.setting('ipv6/x', '0'), 'cannot write 0 to /proc/sys/net/ipv6/x: EROFS');
  t.end();
});

function fail(code: string): never {
  throw Object.assign(new Error(code), { code });
}
