import t from 'tap';
import {
  ANY_LENGTH,
  DF_INHERIT,
  FULL,
  GBP,
  GPE,
  L2MISS,
  L3MISS,
  LEARN_PORT,
  LEARNING,
  LOCALBYPASS,
  PROXY,
  REMOTE_STATS,
  RSC,
  TOS_INHERIT,
  TTL_INHERIT,
  UP,
} from '../../lib/dataplane/device.js';
import {
  deviceSettings,
  hasChecksum,
  headroom,
  sendsFromListener,
  sourcePorts,
  underlayFamily,
  withDefaults,
} from '../../lib/engine/settings.js';
import { LINK_DEFAULTS } from '../support/links.js';

const STATE = {
  address: '02:00:00:00:00:aa',
  mtu: 1_450,
  up: true,
  bridged: false,
  packetLimit: 0,
  underlay: 0,
  horizon: new Int32Array(0),
  full: false,
  multicast: false,
  neighboursFull: false,
  router4: 0,
  router6: [0, 0, 0, 0] as [number, number, number, number],
};

t.test('defaults are the kernel’s', async (t) => {
  t.same(withDefaults({ name: 'vtep0', id: 1 }), { ...LINK_DEFAULTS, name: 'vtep0', id: 1 });
  t.equal(withDefaults({ name: 'vtep0', id: 1, ageing: 0 }).ageing, 300);
});

t.test('the family is that of whatever address is given', async (t) => {
  t.equal(underlayFamily({}), 4);
  t.equal(underlayFamily({ local: '2001:db8::1' }), 6);
  t.equal(underlayFamily({ group: 'ff02::1' }), 6);
  t.equal(underlayFamily({ remote: '192.0.2.1' }), 4);
  t.throws(() => underlayFamily({ remote: 'x' }), { code: 'ERR_VTEP_ARGUMENT' });
  t.same([headroom(4), headroom(6)], [50, 70]);
});

t.test('an empty source port range is the default one', async (t) => {
  t.same(sourcePorts({ srcport: [0, 0] }), [49_152, 65_536]);
  t.same(sourcePorts({ srcport: [5_000, 5_000] }), [49_152, 65_536]);
  t.same(sourcePorts({ srcport: [5_000, 5_001] }), [5_000, 5_001]);
});

t.test('one source port, the one it receives on', async (t) => {
  const sends = (dstport: number, ...srcport: [number, number]) => sendsFromListener({ dstport, srcport });
  t.ok(sends(4_789, 4_789, 4_790));
  t.notOk(sends(4_789, 4_789, 4_791));
  t.notOk(sends(4_789, 4_788, 4_789));
  t.notOk(sends(4_789, 4_789, 4_789), 'an empty range is the default one');
  t.notOk(sends(49_152, 0, 0));
});

t.test('checksums: an option a family', async (t) => {
  const config = (options: object) => withDefaults({ name: 'vtep0', id: 1, ...options });
  t.ok(hasChecksum(config({}), 4));
  t.ok(hasChecksum(config({}), 6));
  t.notOk(hasChecksum(config({ udpcsum: false }), 4));
  t.ok(hasChecksum(config({ udpcsum: false }), 6));
  t.notOk(hasChecksum(config({ udp6zerocsumtx: true }), 6));
});

t.test('what the data plane reads', async (t) => {
  const given = deviceSettings(
    withDefaults({
      name: 'vtep0',
      id: 7,
      local: '192.0.2.1',
      ttl: 'inherit',
      tos: 'inherit',
      df: 'inherit',
      flowlabel: 0xbeef,
      dstport: 4_789,
    }),
    STATE,
  );
  t.same(given, {
    vni: 7,
    family: 4,
    features: LEARNING | LOCALBYPASS | UP,
    macHigh: 0x02000000,
    macLow: 0x00aa,
    mtu: 1_450,
    longest: ANY_LENGTH,
    mss: 0,
    hold: 0,
    holdTicks: 10,
    packet: 1_450,
    ttl: TTL_INHERIT,
    tos: TOS_INHERIT,
    df: DF_INHERIT,
    flowLabel: 0xbeef,
    header: 0x08000000,
    reservedHigh: 0xf7ffffff | 0,
    reservedLow: 0xff,
    reception: 0,
    underlay: 0,
    port: 4_789,
    local: [0, 0, 0xffff, 0xc0000201 | 0],
    bound: false,
    horizon: new Int32Array(0),
    gatewayHigh: 0,
    gatewayLow: 0,
    gateways: new Int32Array(0),
    router4: 0,
    router6: [0, 0, 0, 0],
  });
  for (const [option, bit] of Object.entries({
    proxy: PROXY,
    rsc: RSC,
    l2miss: L2MISS,
    l3miss: L3MISS,
    learning: LEARNING,
    gbp: GBP,
    gpe: GPE,
    localbypass: LOCALBYPASS,
    learnPort: LEARN_PORT,
    remoteStats: REMOTE_STATS,
  })) {
    const config = withDefaults({
      name: 'vtep0',
      id: 7,
      learning: false,
      localbypass: false,
      [option]: true,
    });
    t.equal(deviceSettings(config, { ...STATE, up: false }).features, bit, option);
  }
  const none = withDefaults({ name: 'vtep0', id: 7, learning: false, localbypass: false });
  t.equal(deviceSettings(none, { ...STATE, full: true }).features, UP | FULL);
});
