/** The neighbor discovery proxy (neigh_reduce): what is answered, with which octets, and what ends here. */
import t from 'tap';
import type { NeighbourStateName } from '../../lib/engine/types.js';
import { check, ethernet, icmp, ipv6 } from '../support/check.js';
import { hex } from '../support/hex.js';
import { FAR, MemoryHost, NEAR, PEER } from '../support/memory-host.js';
import { addressOctets, concat, ethernetFrame, ipv6Packet, tagged, udp6Frame } from '../support/packets.js';

const TARGET = 'fd00:0:0:1::3';
const ASKER = 'fe80::1';
const GROUP = 'ff02::1:ff00:3';
const GROUP_MAC = '33:33:ff:00:00:03';
/** NEAR as the source link-layer address. */
const SOURCE_OPTION = hex('0101 020000000101');

interface Asked {
  target?: string;
  src?: string;
  dst?: string;
  options?: Uint8Array;
  type?: number;
  code?: number;
  nextHeader?: number;
}

/** Its Ethernet source is a bridge's, not the asker's. */
function solicitation(asked: Asked = {}): Uint8Array {
  const { target = TARGET, src = ASKER, dst = GROUP, options = SOURCE_OPTION, type = 135, code = 0 } = asked;
  const body = concat([type, code, 0, 0, 0, 0, 0, 0], addressOctets(target), options);
  const packet = ipv6Packet({ src, dst, nextHeader: asked.nextHeader ?? 58, hopLimit: 255 }, body);
  return ethernetFrame(GROUP_MAC, '02:00:00:00:00:b0', 0x86dd, packet);
}

/** A host with `proxy`, a default destination that no solicitation may reach, and a neighbour. */
function proxy(config: object = {}, state: NeighbourStateName = 'permanent'): MemoryHost {
  const host = new MemoryHost({ proxy: true, remote: PEER, ...config });
  host.vtep.neighbours.set({ verb: 'add', dst: TARGET, lladdr: FAR, state });
  host.events();
  return host;
}

t.test('a solicitation and its answer, octet by octet', async (t) => {
  const host = proxy();
  const sent = host.send(
    hex(`
      3333ff000003 0200000000b0 86dd
      6e000000 0020 3a ff fe800000000000000000000000000001 ff0200000000000000000001ff000003
      87 00 0000 00000000 fd000000000000010000000000000003
      0101 020000000101
    `),
  );
  t.same(sent, [], 'none on the underlay');
  const replies = host.replies();
  t.equal(replies.length, 1);
  t.same(
    replies[0],
    hex(`
      020000000101 020000000202 86dd   # to the address in the option, from the neighbour's
      6e000000 0020 3a ff fd000000000000010000000000000003 fe800000000000000000000000000001
      88 00 1916 60000000 fd000000000000010000000000000003
      0201 020000000202
    `),
  );
  t.same(host.counters(), {}, 'counted nowhere: neither sent nor received');
  t.same(host.reasons(), {});
  t.equal(host.vtep.statistics().events['proxied'], 1);
});

t.test('answered as well', async (t) => {
  const none = new Uint8Array();
  for (const [name, asked, mac, dst] of [
    ['without an option: to the Ethernet source', { options: none }, '02:00:00:00:00:b0', ASKER],
    ['a probe for duplicates', { src: '::', options: none }, '02:00:00:00:00:b0', '::'],
    ['a unicast solicitation', { dst: TARGET }, NEAR, ASKER],
    ['a nonce in front', { options: concat(hex('0e01 000000000000'), SOURCE_OPTION) }, NEAR, ASKER],
  ] as const) {
    const host = proxy();
    t.same(host.send(solicitation(asked)), [], name);
    const [reply] = host.replies();
    t.equal(reply.length, 86, `${name}: 86 octets`);
    check(
      reply,
      ethernet({ dst: mac, src: FAR }),
      ipv6({ src: TARGET, dst, hopLimit: 255 }),
      icmp({ type: 136, code: 0, rest: 0x60000000 }),
    );
  }
});

t.test('the R flag is that of the FDB entry, not of the neighbour', async (t) => {
  const host = proxy();
  const flags = (): number => {
    host.send(solicitation());
    return host.replies()[0][14 + 40 + 4];
  };
  host.vtep.neighbours.set({ verb: 'replace', dst: TARGET, lladdr: FAR, router: true });
  t.equal(flags(), 0x60, 'no entry');
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  t.equal(flags(), 0x60, 'an entry');
  host.vtep.fdb.set({ verb: 'replace', mac: FAR, dst: PEER, router: true });
  t.equal(flags(), 0xe0, 'an entry marked router');
});

t.test('neighbours in NUD_CONNECTED are answered for, others never', async (t) => {
  for (const state of ['permanent', 'noarp', 'reachable'] as const) {
    const host = proxy({}, state);
    host.send(solicitation());
    t.equal(host.replies().length, 1, state);
  }
  for (const state of ['stale', 'delay', 'probe', 'incomplete', 'failed'] as const) {
    const host = proxy({ l3miss: true }, state);
    t.same(host.send(solicitation()), [], state);
    t.same([host.replies(), host.misses()], [[], []], 'not a miss either');
    t.same(host.reasons(), { neighbour_not_connected: 1 });
    t.same(host.counters(), {});
  }
});

t.test('a bridge-local neighbour is not answered for', async (t) => {
  for (const [dst, remote] of [
    ['0.0.0.0', PEER],
    ['::', '2001:db8::2'],
  ] as const) {
    const host = proxy({ remote });
    host.vtep.fdb.set({ verb: 'add', mac: FAR, dst });
    t.same(host.send(solicitation()), []);
    t.same(host.replies(), []);
    t.same(host.reasons(), { neighbour_local: 1 });
  }
});

t.test('an unknown address: a miss if asked for, never a flood', async (t) => {
  for (const l3miss of [true, false]) {
    const host = proxy({ l3miss });
    t.same(host.send(solicitation({ target: 'fd00::9' })), []);
    t.same(host.replies(), []);
    t.same(host.misses(), l3miss ? ['miss fd00::9'] : []);
    t.same(host.reasons(), { nd_unknown: 1 });
    t.same(host.counters(), {});
  }
});

t.test('consumed without a word', async (t) => {
  for (const [name, asked] of [
    ['for a group', { target: 'ff02::1' }],
    ['to loopback', { dst: '::1' }],
    ['an option of length 0', { options: hex('0100 020000000101') }],
    ['an option past the end', { options: hex('0102 020000000101') }],
  ] as const) {
    const host = proxy({ l3miss: true });
    t.same(host.send(solicitation(asked)), [], name);
    t.same([host.replies(), host.misses()], [[], []], name);
    t.same(host.reasons(), { nd_consumed: 1 }, name);
    t.same(host.counters(), {}, name);
  }
});

t.test('not seen by the proxy: encapsulated', async (t) => {
  for (const [name, frame] of [
    ['an advertisement', solicitation({ type: 136 })],
    ['a router solicitation', solicitation({ type: 133 })],
    ['another code', solicitation({ code: 1 })],
    ['behind an extension header', solicitation({ nextHeader: 0 })],
    ['cut off', solicitation().slice(0, 14 + 40 + 23)],
    ['in a VLAN', tagged(solicitation(), 5)],
    ['UDP', udp6Frame(FAR, NEAR)],
  ] as const) {
    const host = proxy();
    t.equal(host.send(frame).length, 1, name);
    t.same(host.replies(), [], name);
  }
  const off = new MemoryHost({ remote: PEER });
  off.vtep.neighbours.set({ verb: 'add', dst: TARGET, lladdr: FAR });
  t.equal(off.send(solicitation()).length, 1, 'without the option');
});

t.test('answering refreshes `used`', async (t) => {
  const host = proxy();
  host.clock.pass(5);
  host.send(solicitation());
  const { used, updated } = host.vtep.neighbours.get(TARGET)!;
  t.same([used, updated], [0, 5]);
});
