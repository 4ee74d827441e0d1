import t from 'tap';
import { EAGAIN, EINVAL, ENOBUFS, errnoName } from '../../../lib/native/errno.js';
import { load } from '../../../lib/native/load.js';
import { addressSetting } from '../../../lib/native/netlink/address.js';
import { askAll } from '../../../lib/native/netlink/batch.js';
import { linkSetting } from '../../../lib/native/netlink/link.js';
import { readMessages, viewOf } from '../../../lib/native/netlink/message.js';
import { neighbourDeletion, neighbourSetting, NUD_PERMANENT } from '../../../lib/native/netlink/neighbour.js';
import { getLink, type NetlinkShim } from '../../../lib/native/netlink/request.js';
import {
  readRoute,
  routeDeletion,
  routeRequest,
  routeSetting,
  RTM_NEWROUTE,
} from '../../../lib/native/netlink/route.js';
import { NEEDS_ROOT } from '../../support/kernel-shim.js';
import { Namespace } from '../../support/lab/namespace.js';

const peers = Array.from({ length: 1000 }, (_, i) => Uint8Array.of(10, 5 + (i >> 8), i & 255, 0));
const macOf = ([, a, b]: Uint8Array): Uint8Array => Uint8Array.of(2, 0, 0, 0, a, b);

t.test('changes to the kernel', { skip: NEEDS_ROOT }, async (t) => {
  const ns = await Namespace.create('batch');
  t.teardown(() => ns.close());
  const shim = load();
  await ns.ip('link add ve0 type veth peer name ve1');
  await ns.ip('link set ve1 up');
  const ifindex = getLink(shim, 've0', ns.path)?.ifindex ?? 0;
  const results = (requests: Uint8Array[]): string[] => {
    const answers = askAll(shim, requests, ns.path);
    t.equal(answers.length, requests.length, 'an answer each');
    return [...new Set(answers.map(({ result }) => (result === 0 ? 'done' : errnoName(result))))];
  };
  const shown = async (words: string): Promise<string> => (await ns.ip(words)).stdout.trim();

  await t.test('an interface and its address', async (t) => {
    const mac = Uint8Array.of(0xca, 0x9e, 0x8c, 0x9f, 0x17, 0x15);
    const answers = askAll(
      shim,
      [
        linkSetting(ifindex, { up: true, mtu: 1450, mac }),
        addressSetting(ifindex, Uint8Array.of(10, 9, 74, 0), 32),
      ],
      ns.path,
    );
    t.same(answers, [
      { result: 0, messages: [] },
      { result: 0, messages: [] },
    ]);
    t.match(getLink(shim, 've0', ns.path), { up: true, mtu: 1450, mac });
    t.match(await shown('-o -4 addr show dev ve0'), /inet 10\.9\.74\.0\/32 scope global ve0/);
  });

  await t.test('1,000 neighbours and routes, set, set again and removed', async (t) => {
    const neighbours = peers.map((dst) => ({ ifindex, dst, lladdr: macOf(dst), state: NUD_PERMANENT }));
    const routes = peers.map((dst) => ({ dst, length: 24, gateway: dst, ifindex, onlink: true }));
    const requests = [...neighbours.map(neighbourSetting), ...routes.map(routeSetting)];
    const begun = performance.now();
    t.same(results(requests), ['done']);
    const took = performance.now() - begun;
    t.ok(took < 500, `in less than 0.5 s: ${took.toFixed(0)} ms`);
    t.same(results(requests), ['done'], 'replaced by the same');

    const neigh = (await shown('neigh show dev ve0 nud permanent')).split('\n');
    t.equal(neigh.length, 1000);
    t.ok(neigh.some((line) => /^10\.5\.3\.0 lladdr 02:00:00:00:05:03 PERMANENT ?$/.test(line)));
    const table = (await shown('route show dev ve0 proto boot')).split('\n');
    t.equal(table.length, 1000);
    t.ok(table.some((line) => /^10\.5\.3\.0\/24 via 10\.5\.3\.0 onlink ?$/.test(line)));

    t.same(results([...routes.map(routeDeletion), ...peers.map((dst) => neighbourDeletion(ifindex, dst))]), [
      'done',
    ]);
    t.equal(await shown('neigh show dev ve0 nud permanent'), '');
    t.equal(await shown('route show dev ve0 proto boot'), '');
  });

  await t.test('IPv6: a route has metric 1024', async (t) => {
    const dst = Uint8Array.of(0xfd, 5, 0, 0, 0, 0, 0, 0x58, 0, 0, 0, 0, 0, 0, 0, 0);
    const route = { dst, length: 64, gateway: dst, ifindex, onlink: true };
    const neighbour = { ifindex, dst, lladdr: macOf(dst), state: NUD_PERMANENT };
    t.same(results([neighbourSetting(neighbour), routeSetting(route)]), ['done']);
    t.match(
      await shown('-6 route show fd05:0:0:58::/64'),
      /^fd05:0:0:58::\/64 via fd05:0:0:58:: dev ve0 metric 1024 onlink/,
    );
    t.match(
      await shown('-6 neigh show dev ve0 nud permanent'),
      /^fd05:0:0:58:: lladdr 02:00:00:00:05:00 PERMANENT$/,
    );
    t.same(results([routeDeletion(route), neighbourDeletion(ifindex, dst)]), ['done']);
    t.same(results([routeDeletion(route)]), ['ESRCH'], 'what has gone');
  });

  await t.test('each is refused by itself', async (t) => {
    const good = { dst: peers[1], length: 24, gateway: peers[1], ifindex, onlink: true };
    const answers = askAll(
      shim,
      [
        routeSetting(good),
        routeSetting({ ...good, ifindex: 9999 }),
        routeSetting({ ...good, dst: peers[2], onlink: false }),
        routeSetting({ ...good, dst: Uint8Array.of(10, 5, 9, 9) }),
        neighbourDeletion(ifindex, peers[7]),
        routeDeletion(good),
      ],
      ns.path,
    );
    t.same(
      answers.map(({ result }) => errnoName(result)),
      ['E0', 'ENODEV', 'ENETUNREACH', 'EINVAL', 'ENOENT', 'E0'],
    );
  });

  await t.test('questions are answered with a message each', async (t) => {
    const questions = [Uint8Array.of(127, 0, 0, 1), Uint8Array.of(192, 0, 2, 1)].map((to) =>
      routeRequest(to, 0),
    );
    const [own, none] = askAll(shim, questions, ns.path);
    t.equal(own.messages[0]?.type, RTM_NEWROUTE);
    t.match(readRoute(own.messages[0]?.body ?? new Uint8Array()), {
      nextHops: [{ ifindex: 1, direct: true }],
    });
    t.same(none.messages, []);
    t.equal(errnoName(none.result), 'ENETUNREACH');
  });

  t.same(askAll(shim, [], ns.path), [], 'nothing asked, no socket');
});

/** Acknowledges what it is sent, but for what `loses` names by its number. */
function forgetful(
  loses: (n: number) => boolean,
  afterwards: number,
): { shim: NetlinkShim; sends: number[] } {
  const queue: (Uint8Array | number)[] = [];
  const sends: number[] = [];
  let seen = 0;
  const ack = (sequence: number): Uint8Array => {
    const bytes = new Uint8Array(36);
    const view = viewOf(bytes);
    view.setUint32(0, 36, true);
    view.setUint16(4, 2, true);
    view.setUint32(8, sequence, true);
    return bytes;
  };
  const shim: NetlinkShim = {
    netlinkOpen: () => 5,
    close: () => 0,
    netlinkSend: (_fd, bytes) => {
      const messages = readMessages(bytes);
      sends.push(messages.length);
      for (const { sequence } of messages) {
        if (!loses(seen++)) queue.push(ack(sequence));
        else if (afterwards !== EAGAIN && !queue.includes(afterwards)) queue.unshift(afterwards);
      }
      return bytes.length;
    },
    netlinkReceive: (_fd, buffer) => {
      const next = queue.shift();
      if (next === undefined) return EAGAIN;
      if (typeof next === 'number') return next;
      buffer.set(next);
      return next.length;
    },
  };
  return { shim, sends };
}

t.test('answers that were lost are told from those that came', async (t) => {
  const requests = peers.slice(0, 100).map((dst) => neighbourDeletion(1, dst));
  for (const why of [ENOBUFS, EAGAIN]) {
    const { shim, sends } = forgetful((n) => n === 3 || n === 70, why);
    const results = askAll(shim, requests).map(({ result }) => result);
    t.same(
      results.flatMap((result, i) => (result === 0 ? [] : [[i, result]])),
      [
        [3, why],
        [70, why],
      ],
      errnoName(why),
    );
    t.same(sends, [64, 36], 'no more a send than answers fit');
  }
});

t.test('a socket that cannot be had, or not be written to', async (t) => {
  const { shim } = forgetful(() => false, EAGAIN);
  const request = neighbourDeletion(1, peers[0]);
  t.throws(() => askAll({ ...shim, netlinkOpen: () => EINVAL }, [request]), {
    code: 'ERR_VTEP_SYSTEM',
    errno: 'EINVAL',
  });
  t.same(askAll({ ...shim, netlinkSend: () => ENOBUFS }, [request, request]), [
    { result: ENOBUFS, messages: [] },
    { result: ENOBUFS, messages: [] },
  ]);
});
