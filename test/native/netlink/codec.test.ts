/** Octets recorded from a 6.18 kernel, read and written. */
import fc from 'fast-check';
import t from 'tap';
import { addressDeletion, addressSetting, readAddress } from '../../../lib/native/netlink/address.js';
import {
  gsoRequest,
  queueRequest,
  linkFamily,
  linkRequest,
  linkSetting,
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
import {
  readRoute,
  routeDeletion,
  routeDump,
  routeRequest,
  routeSetting,
} from '../../../lib/native/netlink/route.js';
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
    protocol: 3,
    type: 1,
    priority: 0,
    cloned: false,
    mtu: undefined,
    nextHops: [{ ifindex: 4, gateway: hex('0a140200'), onlink: true, direct: false }],
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

t.test('routes without a gateway of their own family', (t) => {
  const via = `
    38000000 1800 0000 00000000 00000000
    02 18 00 00 fe 03 00 01 00000000                # 10.5.9.0/24 via inet6 fe80::1 dev 4
    0800 0100 0a050900  0800 0400 04000000
    0c00 1200 0a00 fe80 00000000`;
  t.match(readRoute(bodyOf(via)), { nextHops: [{ ifindex: 4, gateway: undefined, direct: false }] });
  const connected = `
    2c000000 1800 0000 00000000 00000000
    02 20 00 00 fe 00 00 01 00020000                # what RTM_GETROUTE answers for a host on the link
    0800 0100 0a63000c  0800 0400 04000000`;
  t.match(readRoute(bodyOf(connected)), { cloned: true, nextHops: [{ ifindex: 4, direct: true }] });
  t.end();
});

t.test('neighbours set and removed', (t) => {
  const [dst, lladdr] = [hex('0a050300'), hex('b25642b5e6fc')];
  t.same(
    neighbour.neighbourSetting({ ifindex: 4, dst, lladdr, state: neighbour.NUD_PERMANENT }),
    hex(`
    30000000 1c00 0505 00000000 00000000            # RTM_NEWNEIGH, REQUEST | ACK | CREATE | REPLACE
    02000000 04000000 8000 00 01                    # AF_INET, interface 4, PERMANENT, RTN_UNICAST
    0800 0100 0a050300  0a00 0200 b25642b5e6fc 0000`),
  );
  t.same(
    neighbour.neighbourDeletion(4, hex('fd050000000000580000000000000000')),
    hex(`
    30000000 1d00 0500 00000000 00000000            # RTM_DELNEIGH, REQUEST | ACK
    0a000000 04000000 0000 00 01
    1400 0100 fd050000000000580000000000000000`),
  );
  t.same(
    neighbour.neighbourDump(neighbour.AF_INET, 7),
    hex(`
    24000000 1e00 0103 00000000 00000000            # RTM_GETNEIGH, REQUEST | DUMP
    02000000 00000000 0000 00 00
    0800 0800 07000000`), //                        # NDA_IFINDEX
  );
  t.end();
});

t.test('routes set and removed', (t) => {
  const ipv4 = { dst: hex('0a050300'), length: 24, gateway: hex('0a050300'), ifindex: 4, onlink: true };
  const body = `
    02 18 00 00 fe 03 00 01 04000000                # 10.5.3.0/24, main, boot, universe, unicast, RTNH_F_ONLINK
    0800 0100 0a050300  0800 0500 0a050300  0800 0400 04000000`;
  t.same(routeSetting(ipv4), hex(`34000000 1800 0505 00000000 00000000 ${body}`), 'RTM_NEWROUTE');
  t.same(routeDeletion(ipv4), hex(`34000000 1900 0500 00000000 00000000 ${body}`), 'RTM_DELROUTE');
  const subnet = hex('fd050000000000580000000000000000');
  t.same(
    routeSetting({ dst: subnet, length: 64, gateway: subnet, ifindex: 4, onlink: false }),
    hex(`
    54000000 1800 0505 00000000 00000000
    0a 40 00 00 fe 03 00 01 00000000
    1400 0100 fd050000000000580000000000000000  1400 0500 fd050000000000580000000000000000
    0800 0400 04000000  0800 0600 00040000`), //    # RTA_OIF, RTA_PRIORITY 1024
  );
  t.same(
    routeDump(10),
    hex('1c000000 1a00 0103 00000000 00000000  0a000000 00000000 00000000'),
    'of a family',
  );
  t.end();
});

t.test('addresses', (t) => {
  const read = readAddress(
    bodyOf(`
    34000000 1400 0200 00000000 00000000            # fd99::11/64, tentative, on interface 2
    0a 40 80 00 02000000
    1400 0100 fd990000000000000000000000000011
    0800 0800 c0000000`), //                        # IFA_FLAGS: permanent, tentative
  );
  const address = hex('fd990000000000000000000000000011');
  t.same(read, { ifindex: 2, address, length: 64, flags: 0xc0, scope: 0 });
  const body = '02 20 00 00 04000000  0800 0200 0a054a00  0800 0100 0a054a00'; // IFA_LOCAL, IFA_ADDRESS
  t.same(
    addressSetting(4, hex('0a054a00'), 32),
    hex(`28000000 1400 0506 00000000 00000000 ${body}`),
    'RTM_NEWADDR, REQUEST | ACK | CREATE | EXCL',
  );
  t.same(
    addressDeletion(4, hex('0a054a00'), 32),
    hex(`28000000 1500 0500 00000000 00000000 ${body}`),
    'RTM_DELADDR',
  );
  t.end();
});

t.test('an interface changed', (t) => {
  t.same(
    linkSetting(7, { up: true, mtu: 1450, mac: hex('ca9e8c9f1715') }),
    hex(`
    34000000 1000 0500 00000000 00000000            # RTM_NEWLINK, REQUEST | ACK
    00000000 07000000 01000000 01000000             # IFF_UP, of the flags this one
    0a00 0100 ca9e8c9f1715 0000  0800 0400 aa050000`),
  );
  t.same(
    linkSetting(7, { mtu: 1450 }),
    hex('28000000 1000 0500 00000000 00000000  00000000 07000000 00000000 00000000  0800 0400 aa050000'),
    'neither up nor down',
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
  const readers = [neighbour.readNeighbour, readRoute, readLink, readAddress];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const { body } of readMessages(bytes)) readers.forEach((read) => read(body));
      readers.forEach((read) => read(bytes));
    }),
    { numRuns: 2000 },
  );
  t.end();
});
