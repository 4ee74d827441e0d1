/** The multicast database (MDB): which VTEPs a frame to a group of the overlay goes to. */
import type { Case, Group } from '../case.js';
import { fact } from '../case.js';
import { gist } from '../facts.js';
import { transmit, type Sent } from '../kinds.js';
import { udp6Frame, udpFrame, type Ipv4Fields } from '../../support/packets.js';
import { BROADCAST, concat, cut, ethernetFrame, GROUP_MAC, GUEST, NEAR, raw, vlan, ZERO } from './inner.js';

const G = '239.1.1.1';
const G6 = 'ff0e::1';
/** Sources: S stands in lists, T in none. */
const [S, T] = ['10.0.0.1', '10.0.0.9'];
const [S6, T6] = ['fd00::1', 'fd00::9'];
const [A, B, C] = ['192.168.100.3', '192.168.100.4', '192.168.100.5'];
/** Where a frame goes that the database has nothing for. */
const FLOOD = 'remote 192.168.100.9';
const GROUP6_MAC = '33:33:00:00:00:01';

const to4 = (dst = G, fields: Partial<Ipv4Fields> = {}, mac = GROUP_MAC): Uint8Array =>
  udpFrame(mac, GUEST, { src: S, ...fields, dst });
const to6 = (dst = G6, src = S6, mac = GROUP6_MAC): Uint8Array => udp6Frame(mac, GUEST, { src, dst });
const changed = (frame: Uint8Array, at: number, ...octets: number[]): Uint8Array => {
  const copy = frame.slice();
  copy.set(octets, at);
  return copy;
};

const add = (...entries: string[]): string[] => entries.map((words) => `mdb add grp ${words}`);
const sent = (what: string, setup: string[], frame: Uint8Array, more: Partial<Sent> = {}): Case =>
  transmit(what, { link: FLOOD, setup, frame, ...more });

/** Verbs of `mdb` in a row on vx0: the verdict on each. */
function verdicts(...verbs: string[]): Case {
  return {
    what: `mdb ${verbs.join('; ')}`,
    run: async (bed) => {
      await bed.device(`id 42 dstport 4789 ${FLOOD}`);
      const facts = [];
      for (const words of verbs)
        facts.push(fact(gist(await bed.say(`mdb ${words.replace(/^\w+/, '$& dev vx0 port vx0')}`))));
      return facts;
    },
  };
}

const EXCLUDED = add(`${G} filter_mode exclude source_list ${S} dst ${A}`);
const INCLUDED = add(`${G} filter_mode include source_list ${S} dst ${A}`);
const REST = add(`0.0.0.0 dst ${C}`);
const REST6 = add(`:: dst ${C}`);

const OTHER_FAMILY =
  'a remote of the other family than the device is refused, as one of an FDB entry; the kernel takes it and then hands such frames back up';

export const MULTICAST: Group = {
  title: 'Multicast database',
  says: 'A frame sent on vx0, whose default destination is .9, with entries of `mdb add dev vx0 port vx0 grp …`: which remotes it goes to. Then verdicts.',
  cases: [
    sent('(*, G)', add(`${G} dst ${A}`), to4()),
    sent('(*, G): another group', add(`${G} dst ${A}`), to4('239.1.1.2')),
    sent('(*, G): four remotes', add(...[A, B, C, '192.168.100.6'].map((dst) => `${G} dst ${dst}`)), to4()),
    sent('(S, G)', add(`${G} src ${S} dst ${A}`), to4()),
    sent('(S, G): another source', add(`${G} src ${S} dst ${A}`), to4(G, { src: T })),
    sent('(S, G) before (*, G)', add(`${G} dst ${A}`, `${G} src ${S} dst ${B}`), to4()),
    sent(
      '(S, G) and (*, G): another source',
      add(`${G} dst ${A}`, `${G} src ${S} dst ${B}`),
      to4(G, { src: T }),
    ),
    sent('include: a listed source', INCLUDED, to4()),
    sent('include: another source', INCLUDED, to4(G, { src: T })),
    sent('exclude: a listed source', EXCLUDED, to4()),
    sent('exclude: another source', EXCLUDED, to4(G, { src: T })),
    sent('one includes, one excludes none: a listed source', [...INCLUDED, ...add(`${G} dst ${B}`)], to4()),
    sent(
      'one includes, one excludes none: another source',
      [...INCLUDED, ...add(`${G} dst ${B}`)],
      to4(G, { src: T }),
    ),
    sent(
      'one excludes, one includes: a listed source',
      [...EXCLUDED, ...add(`${G} filter_mode include source_list ${S} dst ${B}`)],
      to4(),
    ),
    sent(
      'one excludes, one includes: another source',
      [...EXCLUDED, ...add(`${G} filter_mode include source_list ${S} dst ${B}`)],
      to4(G, { src: T }),
    ),
    sent('an exclusion, and a rest', [...EXCLUDED, ...REST], to4()),
    sent('the rest: a group nobody has', [...add(`${G} dst ${A}`), ...REST], to4('239.1.1.2')),
    sent('the rest: a group somebody has', [...add(`${G} dst ${A}`), ...REST], to4()),
    sent('the rest: a source nobody has', [...add(`${G} src ${S} dst ${A}`), ...REST], to4(G, { src: T })),
    sent('the rest: 224.0.0.5 is local', REST, to4('224.0.0.5')),
    sent('the rest: 224.0.1.5 is not', REST, to4('224.0.1.5')),
    sent('224.0.1.5 with an entry', [...add(`224.0.1.5 dst ${A}`), ...REST], to4('224.0.1.5')),
    sent('the rest of IPv4: IPv6', REST, to6()),
    sent('the rest of IPv6: IPv4', REST6, to4()),
    sent('the rest of IPv6', REST6, to6()),
    sent('the rest of IPv6: ff02::1 is local', REST6, to6('ff02::1')),
    sent('the rest of IPv6: ff02::1:ff00:2 is local', REST6, to6('ff02::1:ff00:2')),
    sent('the rest of IPv6: ff12::1 is local', REST6, to6('ff12::1')),
    sent('the rest of IPv6: ff01::1', REST6, to6('ff01::1')),
    sent('the rest of IPv6: ff05::1', REST6, to6('ff05::1')),
    sent('ff02::5 with an entry', add(`ff02::5 dst ${A}`), to6('ff02::5')),
    sent('(*, G) of IPv6', add(`${G6} dst ${A}`), to6()),
    sent('(S, G) of IPv6', add(`${G6} dst ${A}`, `${G6} src ${S6} dst ${B}`), to6()),
    sent('(S, G) of IPv6: another source', add(`${G6} src ${S6} dst ${B}`), to6(G6, T6)),
    sent('exclude of IPv6', add(`${G6} filter_mode exclude source_list ${S6} dst ${A}`), to6()),
    sent('include of IPv6', add(`${G6} filter_mode include source_list ${S6} dst ${A}`), to6()),
    sent('a unicast MAC', [...add(`${G} dst ${A}`), ...REST], to4(G, {}, NEAR)),
    sent('broadcast', [...add(`${G} dst ${A}`), ...REST], to4(G, {}, BROADCAST)),
    sent('a unicast address in a group MAC', REST, to4('10.0.0.2')),
    sent('a unicast address of IPv6 in a group MAC', REST6, to6('fd00::2')),
    sent('another group MAC', add(`${G} dst ${A}`), to4(G, {}, '01:00:5e:7f:7f:7f')),
    sent('an unknown type in a group MAC', [...REST, ...REST6], raw(60, GROUP_MAC)),
    sent('ARP in a group MAC', REST, ethernetFrame(GROUP_MAC, GUEST, 0x0806, new Uint8Array(46))),
    sent('in a VLAN tag', [...add(`${G} dst ${A}`), ...REST], vlan(to4())),
    sent('IGMP', add(`${G} dst ${A}`), to4(G, { protocol: 2 })),
    sent('IPv4 with a version of 5', add(`${G} dst ${A}`), concat(cut(to4(), 14), [0x55], to4().slice(15))),
    sent('IPv4 cut to 19 octets', [...add(`${G} dst ${A}`), ...REST], cut(to4(), 14 + 19)),
    sent('IPv4 cut to 20 octets', add(`${G} dst ${A}`), cut(to4(), 14 + 20)),
    sent('IPv6 cut to 39 octets', [...add(`${G6} dst ${A}`), ...REST6], cut(to6(), 14 + 39)),
    sent('a fragment', add(`${G} dst ${A}`), changed(to4(), 20, 0x20, 0x10)),
    sent(
      'with an FDB entry for the MAC',
      [...add(`${G} dst ${A}`), `fdb append ${GROUP_MAC} dst ${B}`],
      to4(),
    ),
    sent(
      'an FDB entry and another group',
      [...add(`239.9.9.9 dst ${A}`), `fdb append ${GROUP_MAC} dst ${B}`],
      to4(),
    ),
    sent(
      'without a zero entry: a group nobody has',
      [...add(`239.9.9.9 dst ${A}`), `fdb del ${ZERO}`],
      to4(),
    ),
    sent('dst_port and vni', add(`${G} dst_port 5555 vni 77 dst ${A}`), to4()),
    sent('via eth0', add(`${G} via eth0 dst ${A}`), to4()),
    sent('via another interface', add(`${G} via lower2 dst ${A}`), to4()),
    sent('no route to the remote', add(`${G} dst 203.0.113.9`), to4()),
    sent('one of three has no route', add(`${G} dst ${A}`, `${G} dst 203.0.113.9`, `${G} dst ${B}`), to4()),
    sent('an IPv6 device', add(`${G} dst fd00:100::3`, `${G} dst fd00:100::4`), to4(), {
      link: 'remote fd00:100::9',
    }),
    sent('a group of the underlay', add(`${G} dst 239.2.2.2 via eth0`), to4()),
    sent('ttl 5, tos inherit, df set', add(`${G} dst ${A}`), to4(G, { tos: 0x2b }), {
      link: `${FLOOD} ttl 5 tos inherit df set`,
    }),
    sent('replaced', [...add(`${G} dst ${A}`), `mdb replace grp ${G} dst ${A} vni 77`], to4()),
    sent(
      'exclude replaced by include',
      [...EXCLUDED, ...INCLUDED.map((words) => words.replace('add', 'replace'))],
      to4(),
    ),
    sent('deleted', [...add(`${G} dst ${A}`), `mdb del grp ${G} dst ${A}`], to4()),
    sent(
      'one of two deleted',
      [...add(`${G} dst ${A}`, `${G} dst ${B}`), `mdb del grp ${G} dst ${A}`],
      to4(),
    ),
    sent('an exclusion deleted', [...EXCLUDED, `mdb del grp ${G} dst ${A}`], to4()),
    sent('after down and up', [...EXCLUDED, 'link set vx0 down', 'link set vx0 up'], to4(G, { src: T })),
    sent('flushed', [...EXCLUDED, 'mdb flush'], to4()),
    sent('flushed by dst', [...add(`${G} dst ${A}`, `${G} dst ${B}`), `mdb flush dst ${A}`], to4()),
    verdicts(`add grp ${G} dst ${A}`, `add grp ${G} dst ${A}`, `replace grp ${G} dst ${A}`),
    verdicts(
      `replace grp ${G} dst ${A}`,
      `del grp ${G} dst ${B}`,
      `del grp ${G} dst ${A}`,
      `del grp ${G} dst ${A}`,
    ),
    verdicts(`add grp 10.0.0.1 dst ${A}`),
    verdicts(`add grp ${G} src ${G} dst ${A}`),
    verdicts(`add grp ${G} src fd00::1 dst ${A}`),
    verdicts(`add grp ${G} filter_mode include dst ${A}`),
    verdicts(`add grp ${G} filter_mode exclude dst ${A}`),
    verdicts(`add grp ${G} src ${S} filter_mode exclude dst ${A}`),
    verdicts(`add grp ${G} filter_mode include source_list ${G} dst ${A}`),
    verdicts(`add grp 0.0.0.0 filter_mode include source_list ${S} dst ${A}`),
    verdicts(`add grp 224.0.0.5 dst ${A}`),
    verdicts(`add grp ff02::1 dst ${A}`),
    verdicts(`add grp ff02::2 dst ${A}`),
    { ...verdicts(`add grp ${G} dst fd00:100::3`), deviation: OTHER_FAMILY },
    verdicts(`add grp ${G} dst 0.0.0.0`),
    verdicts(`add grp ${G} dst 239.2.2.2`),
    verdicts(`add grp ${G} dst 239.2.2.2 via eth0`),
    verdicts(`add grp ${G} proto 3 dst ${A}`),
    verdicts(`add grp ${G} src ${S} dst ${A}`, `add grp ${G} filter_mode exclude source_list ${S} dst ${A}`),
    verdicts(`add grp ${G} filter_mode exclude source_list ${S} dst ${A}`, `add grp ${G} src ${S} dst ${A}`),
    verdicts('flush'),
    verdicts(`flush dst ${A}`, 'flush vni 42', 'flush proto 5'),
  ],
};
