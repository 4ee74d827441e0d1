import fc from 'fast-check';
import t from 'tap';
import { get32 } from '../../lib/wire/bytes.js';
import * as nd from '../../lib/wire/nd-binding.js';
import { parseAddress } from '../../lib/wire/text.js';
import { hex, placed } from '../support/hex.js';
import { advertise, ALL_NODES, linkLayer, type NdFields, R, S, solicit } from '../support/nd.js';
import { addressOctets, concat, tagged } from '../support/packets.js';

const ASKER = 'fd00::4';
const TARGET = 'fd00::3';
const MAC = '02:00:00:00:01:01';
const OTHER = '02:00:00:00:02:02';
const NONE = new Uint8Array();

function verdict(frame: Uint8Array, length = frame.length, hasChecksum = true): number {
  const bytes = placed(frame, 5, 40);
  return nd.checkBinding(bytes, 5, length, hasChecksum);
}

const ns = (more: Partial<NdFields> = {}): number => verdict(solicit(TARGET, ASKER, MAC, more));
const na = (more: Partial<NdFields> = {}, dst = ASKER): number => verdict(advertise(TARGET, MAC, dst, more));

t.test('a solicitation, octet by octet', async (t) => {
  const frame = hex(`
    3333ff000003 020000000101 86dd
    60000000 0020 3a ff fd000000000000000000000000000004 ff0200000000000000000001ff000003
    87 00 7c92 00000000 fd000000000000000000000000000003
    0101 020000000101
  `);
  t.same(solicit(TARGET, ASKER, MAC), frame, 'as the helper of these tests makes it');
  t.equal(verdict(frame), nd.ND_BINDS);
  t.equal(nd.addressOffset(frame, 0), 14 + 8, 'its source');
});

t.test('what tells who has an address', async (t) => {
  t.equal(ns(), nd.ND_BINDS);
  t.equal(ns({ dst: TARGET }), nd.ND_BINDS, 'a unicast solicitation');
  t.equal(
    ns({ options: concat(hex('0e01 000000000000'), linkLayer(1, MAC)) }),
    nd.ND_BINDS,
    'behind a nonce',
  );
  t.equal(na(), nd.ND_BINDS);
  t.equal(na({}, ALL_NODES), nd.ND_BINDS, 'unsolicited');
  t.equal(na({ flags: R | S }), nd.ND_BINDS, 'of a router');
  t.equal(na({ options: NONE }), nd.ND_CONFIRMS, 'an advertisement without an option');
  const advertisement = advertise(TARGET, MAC, ASKER);
  t.equal(nd.addressOffset(advertisement, 0), 14 + 40 + 8, 'its target');
  t.equal(verdict(concat(advertisement, hex('0000'))), nd.ND_BINDS, 'padding behind the packet');
});

t.test('what says nothing', async (t) => {
  t.equal(ns({ options: NONE }), nd.ND_SILENT, 'no option');
  t.equal(verdict(solicit(TARGET, '::', MAC)), nd.ND_SILENT, 'a probe for duplicates');
  t.equal(ns({ options: linkLayer(2, MAC) }), nd.ND_SILENT, 'an option of the other kind');
});

t.test('what is another thing', async (t) => {
  for (const type of [128, 133, 134, 137]) t.equal(ns({ type }), nd.ND_OTHER, `type ${type}`);
  t.equal(ns({ nextHeader: 0 }), nd.ND_OTHER, 'behind an extension header');
  t.equal(ns({ nextHeader: 17 }), nd.ND_OTHER);
  const frame = solicit(TARGET, ASKER, MAC);
  t.equal(verdict(frame, 14 + 40), nd.ND_OTHER, 'nothing behind the IPv6 header');
  frame[14] = 0x40;
  t.equal(verdict(frame), nd.ND_OTHER, 'version 4');
});

t.test('what a receiver must discard (RFC 4861, sections 7.1.1 and 7.1.2)', async (t) => {
  const INVALID = nd.ND_INVALID;
  t.equal(ns({ hopLimit: 254 }), INVALID, 'hop limit');
  t.equal(na({ hopLimit: 64 }), INVALID, 'hop limit');
  t.equal(ns({ code: 1 }), INVALID, 'code');
  t.equal(na({ code: 255 }), INVALID, 'code');
  t.equal(ns({ wrong: 1 }), INVALID, 'checksum');
  t.equal(na({ wrong: -1 }), INVALID, 'checksum');
  t.equal(verdict(solicit(TARGET, ASKER, MAC, { wrong: 1 }), undefined, false), nd.ND_BINDS, 'not yet made');
  t.equal(ns({ target: 'ff02::1' }), INVALID, 'a group as target');
  t.equal(na({ target: 'ff02::1' }), INVALID, 'a group as target');
  t.equal(ns({ options: hex('0100 000000000000') }), INVALID, 'option of length 0');
  t.equal(ns({ options: concat(linkLayer(1, MAC), hex('0e00 000000000000')) }), INVALID, 'also behind');
  t.equal(ns({ options: hex('0102 020000000101') }), INVALID, 'option past the end');
  t.equal(ns({ options: hex('01') }), INVALID, 'one octet of an option');
  t.equal(ns({ options: hex('0102 020000000101 0000000000000000') }), INVALID, 'a MAC of 14 octets');
  t.equal(na({ options: hex('0200 020000000101') }), INVALID, 'option of length 0');
  const probe = (more: Partial<NdFields>): number => verdict(solicit(TARGET, '::', MAC, more));
  t.equal(probe({ options: linkLayer(1, MAC) }), INVALID, 'a probe with an address');
  t.equal(probe({ dst: TARGET }), INVALID, 'a probe to a host');
  t.equal(probe({ dst: 'ff02::1' }), INVALID, 'a probe to all nodes');
  t.equal(na({ flags: S }, ALL_NODES), INVALID, 'solicited by all');
  const frame = solicit(TARGET, ASKER, MAC);
  t.equal(verdict(frame, frame.length - 1), INVALID, 'cut off');
  const short = frame.slice();
  short.set([0, 23], 18);
  t.equal(verdict(short), INVALID, 'a payload of 23 octets');
  t.equal(ns({ options: new Uint8Array(1_240).fill(1) }), INVALID, 'longer than any is');
});

t.test('what contradicts its frame, or names what no host has', async (t) => {
  t.equal(ns({ options: linkLayer(1, OTHER) }), nd.ND_INVALID, 'the MAC of another');
  t.equal(na({ options: linkLayer(2, OTHER) }), nd.ND_INVALID, 'the MAC of another');
  for (const mac of ['33:33:00:00:00:01', '00:00:00:00:00:00']) {
    t.equal(ns({ from: mac, options: linkLayer(1, mac) }), nd.ND_INVALID, mac);
  }
  for (const target of ['::', '::1', '::ffff:10.0.0.1', '::10.0.0.1']) {
    t.equal(na({ target }), nd.ND_INVALID, `advertised: ${target}`);
  }
  for (const src of ['ff02::9', '::1', '::ffff:10.0.0.1']) t.equal(ns({ src }), nd.ND_INVALID, `from ${src}`);
  t.equal(
    verdict(tagged(solicit(TARGET, ASKER, MAC), 7)),
    nd.ND_OTHER,
    'a tag: the caller looks at the type',
  );
});

t.test('property: whatever octets come, nothing outside is read and what is believed holds', async () => {
  const good = fc.constantFrom(
    solicit(TARGET, ASKER, MAC),
    advertise(TARGET, MAC, ASKER),
    advertise(TARGET, MAC, ALL_NODES),
    solicit(TARGET, '::', MAC),
  );
  const changes = fc.array(fc.tuple(fc.nat(85), fc.nat(255)), { maxLength: 3 });
  const cut = fc.integer({ min: 14, max: 86 });
  fc.assert(
    fc.property(good, changes, cut, fc.boolean(), (template, list, length, hasChecksum) => {
      const frame = template.slice();
      for (const [offset, value] of list) if (offset < frame.length) frame[offset] = value;
      const part = Math.min(length, frame.length);
      // Two surroundings: the verdict may not depend on what lies behind the frame.
      const inZeros = nd.checkBinding(placed(frame.slice(0, part), 3, 64), 3, part, hasChecksum);
      const inOnes = placed(frame.slice(0, part), 3, 64);
      inOnes.fill(0xff, 3 + part);
      if (nd.checkBinding(inOnes, 3, part, hasChecksum) !== inZeros) return false;
      if (inZeros < 0) return true;
      const at = nd.addressOffset(frame, 0);
      const isHost = inZeros === nd.ND_CONFIRMS || (frame[6] & 1) === 0;
      return part >= 14 + 40 + 24 && frame[21] === 255 && frame[at] !== 0xff && isHost;
    }),
    { numRuns: 3_000 },
  );
});

t.test('property: each octet of a right message is under its checksum or its rules', async () => {
  const frame = advertise(TARGET, MAC, ASKER);
  const under = fc.integer({ min: 14 + 8, max: frame.length - 1 });
  fc.assert(
    fc.property(under, fc.integer({ min: 1, max: 255 }), (offset, change) => {
      const other = frame.slice();
      other[offset] ^= change;
      return verdict(other) < 0;
    }),
  );
  t.same(get32(frame, 14 + 40 + 8), parseAddress(TARGET)![0], 'the address is where addressOffset says');
  t.same([...frame.slice(62, 78)], addressOctets(TARGET));
});
