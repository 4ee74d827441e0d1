/** Octets recorded from a 6.18 kernel, read and written. */
import fc from 'fast-check';
import t from 'tap';
import {
  gsoRequest,
  queueRequest,
  linkFamily,
  linkRequest,
  readLink,
  RTM_DELLINK,
} from '../../../lib/native/netlink/link.js';
import {
  buildMessage,
  readAttributes,
  readMessages,
  readText,
  text,
} from '../../../lib/native/netlink/message.js';
import * as neighbour from '../../../lib/native/netlink/neighbour.js';
import { readRoute, routeRequest } from '../../../lib/native/netlink/route.js';
import { hex } from '../../support/hex.js';

const bodyOf = (octets: string): Uint8Array => readMessages(hex(octets))[0]?.body ?? new Uint8Array();

t.test('a neighbour', (t) => {
  const octets = `
    58000000 1c00 0000 00000000 10340000            # RTM_NEWNEIGH, of a request by another process
    0a000000 04000000 0200 80 01                    # AF_INET6, interface 4, REACHABLE, NTF_ROUTER, RTN_UNICAST
    1400 0100 fd000000000000000000000000000002      # NDA_DST fd00::2
    0a00 0200 00005e000202 0000                     # NDA_LLADDR
    0800 0400 00000000                              # NDA_PROBES
    1400 0300 00000000000000000000000002000000`; //  # NDA_CACHEINFO
  const [message, ...more] = readMessages(hex(octets));
  t.same(more, []);
  t.match(message, { type: neighbour.RTM_NEWNEIGH, flags: 0 });
  t.same(neighbour.readNeighbour(bodyOf(octets)), {
    family: neighbour.AF_INET6,
    ifindex: 4,
    state: neighbour.NUD_REACHABLE,
    flags: neighbour.NTF_ROUTER,
    type: neighbour.RTN_UNICAST,
    dst: hex('fd000000000000000000000000000002'),
    lladdr: hex('00005e000202'),
  });
  t.equal(neighbour.readNeighbour(bodyOf(octets).subarray(0, 11)), undefined, 'too short');
  t.end();
});

t.test('routes', (t) => {
  const onlink = `
    3c000000 1800 0006 3bf9036b 17340000
    02 18 00 00 fe 03 00 01 04000000                # 10.20.2.0/24, main, boot, unicast, RTNH_F_ONLINK
    0800 0f00 fe000000  0800 0100 0a140200          # RTA_TABLE, RTA_DST
    0800 0500 0a140200  0800 0400 04000000`; //     # RTA_GATEWAY 10.20.2.0, RTA_OIF 4
  t.match(readRoute(bodyOf(onlink)), {
    family: 2,
    dst: hex('0a140200'),
    length: 24,
    table: 254,
    type: 1,
    priority: 0,
    cloned: false,
    mtu: undefined,
    nextHops: [{ ifindex: 4, gateway: hex('0a140200'), onlink: true }],
  });
  const multipath = `
    48000000 1800 0006 3df9036b 21340000
    02 00 00 00 fe 03 00 01 00000000                # default
    0800 0f00 fe000000  2400 0900                   # RTA_TABLE, RTA_MULTIPATH
    1000 00 00 04000000 0800 0500 0a000003
    1000 00 00 04000000 0800 0500 0a000004`;
  t.match(readRoute(bodyOf(multipath)), {
    dst: hex('00000000'),
    length: 0,
    nextHops: [
      { ifindex: 4, gateway: hex('0a000003') },
      { ifindex: 4, gateway: hex('0a000004') },
    ],
  });
  const ipv6 = `
    88000000 1800 0000 3cf9036b 19340000
    0a 40 00 00 fe 03 00 01 00000000
    0800 0f00 fe000000  1400 0100 fd010000000000000000000000000000
    0800 0600 00040000                              # RTA_PRIORITY 1024
    1400 0500 fd000000000000000000000000000002  0800 0400 04000000
    2400 0c00 0000000000000000000000000000000000000000000000000000000000000000
    0500 1400 00000000`;
  t.match(readRoute(bodyOf(ipv6)), { family: 10, length: 64, priority: 1024, nextHops: [{ ifindex: 4 }] });
  t.end();
});

t.test('a kernel vxlan device being deleted', (t) => {
  const octets = `
    74000000 1100 0000 00000000 00000000            # RTM_DELLINK
    0000 0100 04000000 02100000 ffffffff            # Ethernet, interface 4, down
    0800 0300 76793000  0800 0400 aa050000          # IFLA_IFNAME vy0, IFLA_MTU 1450
    0800 2800 ffff0000  0800 2900 00000100          # IFLA_GSO_MAX_SEGS, IFLA_GSO_MAX_SIZE
    0a00 0100 fef1e4a99d6d 0000                     # IFLA_ADDRESS
    2800 1200  0a00 0100 76786c616e00 0000          # IFLA_LINKINFO: IFLA_INFO_KIND vxlan
               1800 0200 0800 0100 64000000  0600 0f00 12b5 0000  0400 0700`; // IFLA_INFO_DATA: id 100, port 4789
  const [message] = readMessages(hex(octets));
  t.equal(message?.type, RTM_DELLINK);
  t.same(readLink(bodyOf(octets)), {
    ifindex: 4,
    name: 'vy0',
    mtu: 1450,
    mac: hex('fef1e4a99d6d'),
    flags: 0x1002,
    up: false,
    kind: 'vxlan',
    bridged: false,
    master: undefined,
    lower: undefined,
    group: 0,
    gsoMaxSegs: 65535,
    gsoMaxSize: 65536,
    vxlanPort: 4789,
    moved: false,
  });
  t.equal(linkFamily(bodyOf(octets)), 0);
  t.end();
});

t.test('requests', (t) => {
  t.same(
    routeRequest(hex('c0000202'), 3),
    hex(`
    2c000000 1a00 0100 00000000 00000000            # RTM_GETROUTE, NLM_F_REQUEST
    02 20 00 00 00 00 00 00 00000000                # AF_INET, 32 bits
    0800 0100 c0000202  0800 0400 03000000`), //    # RTA_DST, RTA_OIF
  );
  t.same(
    linkRequest('eth0'),
    hex(`
    2c000000 1200 0100 00000000 00000000            # RTM_GETLINK, NLM_F_REQUEST
    00000000 00000000 00000000 00000000
    0900 0300 65746830 00 000000`), //              # IFLA_IFNAME, padded
  );
  t.same(
    gsoRequest(7, 44, 65536),
    hex(`
    30000000 1000 0500 00000000 00000000            # RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK
    00000000 07000000 00000000 00000000
    0800 2800 2c000000  0800 2900 00000100`),
  );
  t.same(
    queueRequest(7, 4000),
    hex(`
    28000000 1000 0500 00000000 00000000            # RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK
    00000000 07000000 00000000 00000000
    0800 0d00 a00f0000`), //                        # IFLA_TXQLEN
  );
  t.end();
});

t.test('impossible lengths end the reading and nothing else', (t) => {
  t.same(readMessages(hex('0f000000 1c00 0000 00000000 00000000')), [], 'shorter than a header');
  t.same(readMessages(hex('20000000 1c00 0000 00000000 00000000')), [], 'longer than the datagram');
  t.same(readMessages(hex('0000')), []);
  t.equal(readAttributes(hex('0300 0100')).size, 0, 'attribute shorter than its header');
  t.equal(readAttributes(hex('0800 0100 aabb')).size, 0, 'attribute longer than the rest');
  t.same([...readAttributes(hex('0500 0180 aa'))], [[1, hex('aa')]], 'NLA_F_NESTED is no part of the type');
  t.end();
});

t.test('what is built is read back', (t) => {
  const attribute = fc.tuple(fc.integer({ min: 1, max: 0x3fff }), fc.uint8Array({ maxLength: 40 }));
  fc.assert(
    fc.property(fc.uniqueArray(attribute, { selector: ([type]) => type, maxLength: 8 }), (attributes) => {
      const message = buildMessage(28, 0, new Uint8Array(12), attributes);
      const read = readMessages(message);
      t.equal(read.length, 1);
      t.same([...readAttributes(read[0]?.body ?? message, 12)], attributes);
    }),
    { numRuns: 100 },
  );
  const [message] = readMessages(buildMessage(16, 1, new Uint8Array(), [[3, text('vtep0')]]));
  t.equal(readText(readAttributes(message?.body ?? new Uint8Array()), 3), 'vtep0');
  t.end();
});

t.test('random octets are never read beyond their end', (t) => {
  const readers = [neighbour.readNeighbour, readRoute, readLink];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const { body } of readMessages(bytes)) readers.forEach((read) => read(body));
      readers.forEach((read) => read(bytes));
    }),
    { numRuns: 2000 },
  );
  t.end();
});
