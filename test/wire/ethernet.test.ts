import t from 'tap';
import * as ethernet from '../../lib/wire/ethernet.js';
import { networkOffset, vlanId } from '../../lib/wire/vlan.js';
import { check, ethernet as header, ipv4, vlan } from '../support/check.js';
import { hex } from '../support/hex.js';

const FRAME = hex(`
  ee35 0f11 73b3  e64b f9ce d77b  0800
  4500 0014 0000 0000 4001 0000 0a14 0103 0a14 0104
`);

t.test('deconstruct', async (t) => {
  t.equal(ethernet.macHigh(FRAME, ethernet.DESTINATION), 0xee350f11 | 0);
  t.equal(ethernet.macLow(FRAME, ethernet.DESTINATION), 0x73b3);
  t.equal(ethernet.macHigh(FRAME, ethernet.SOURCE), 0xe64bf9ce | 0);
  t.equal(ethernet.macLow(FRAME, ethernet.SOURCE), 0xd77b);
  t.equal(ethernet.etherType(FRAME, 0), ethernet.TYPE_IPV4);
});

t.test('construct', async () => {
  const bytes = new Uint8Array(14);
  ethernet.putMac(bytes, ethernet.DESTINATION, 0xee350f11, 0x73b3);
  ethernet.putMac(bytes, ethernet.SOURCE, 0xe64bf9ce | 0, 0xd77b);
  check(bytes, header({ dst: 'ee:35:0f:11:73:b3', src: 'e6:4b:f9:ce:d7:7b' }));
});

t.test('group, broadcast and zero addresses', async (t) => {
  const macs = hex('ffff ffff ffff  0100 5e00 0001  0200 0000 0000  0000 0000 0000  ffff ffff fffe');
  t.same(
    [0, 6, 12, 18, 24].map((at) => [
      ethernet.isMulticast(macs, at),
      ethernet.isBroadcast(macs, at),
      ethernet.isZero(macs, at),
    ]),
    [
      [true, true, false],
      [true, false, false],
      [false, false, false],
      [false, false, true],
      [true, false, false],
    ],
  );
});

t.test('the network header', async (t) => {
  const macs = 'ffff ffff ffff 0200 0000 0001';
  t.equal(networkOffset(FRAME, 0, FRAME.length), 14);
  const tagged = hex(`${macs} 8100 2064 0800 4500`);
  t.equal(networkOffset(tagged, 0, tagged.length), 18, 'one tag');
  t.equal(vlanId(tagged, ethernet.TYPE), 100);
  check(tagged, header(), vlan({ id: 100, priority: 1 }));
  const twice = hex(`${macs} 88a8 0001 8100 0fff 86dd`);
  t.equal(networkOffset(twice, 0, twice.length), 22, 'service and customer tag');
  const thrice = hex(`${macs} 88a8 0001 8100 0002 8100 0003 0800`);
  t.equal(networkOffset(thrice, 0, thrice.length), 22, 'a third tag is payload');
  t.equal(networkOffset(hex(`${macs} 8100 00`), 0, 15), -1, 'truncated tag');
  t.equal(networkOffset(hex(`${macs} 8100`), 0, 14), -1, 'tag announced at the very end');
  t.equal(networkOffset(hex(`${macs} 0800`), 0, 14), 14, 'empty payload');
});

t.test('the checker refuses what it was not told', async (t) => {
  t.throws(() => check(FRAME, header({ dst: '02:00:00:00:00:01' })), /ethernet\.dst/);
  t.throws(() => check(FRAME, header(), vlan()), /vlan announced/);
  t.throws(() => check(FRAME, header(), ipv4()), /ipv4\.checksum/);
});
