/** gateway, gateway-mac, neighsnoop: what is refused, with the word. */
import t from 'tap';
import { checkNeighbourOptions, gatewaySettings } from '../../lib/engine/neighbour-options.js';
import type { LinkConfig } from '../../lib/engine/types.js';
import { MemoryHost } from '../support/memory-host.js';

const MAC = '00:00:5e:00:01:01';
const GIVEN = { gateway: [] as string[], neighsnoop: 0, vnifilter: false };
const many = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 255}`);

t.test('accepted', async (t) => {
  for (const options of [
    {},
    { gateway: ['10.0.0.1', 'fd00::1', 'fe80::1'], gatewayMac: MAC },
    { gateway: many(65).slice(1), gatewayMac: MAC },
    { gateway: ['10.0.0.1'], gatewayMac: MAC, vnifilter: true },
    { neighsnoop: 1_048_576 },
  ]) {
    t.doesNotThrow(() => checkNeighbourOptions({ ...GIVEN, ...options }), JSON.stringify(options));
  }
});

t.test('refused, with the word', async (t) => {
  const cases: [Partial<LinkConfig>, string, RegExp][] = [
    [{ gateway: ['10.0.0.1'] }, '10.0.0.1', /give gateway-mac, too/],
    [{ gatewayMac: MAC }, MAC, /give its addresses with gateway, too/],
    [
      { gateway: ['10.0.0.1'], gatewayMac: '01:00:5e:00:00:01' },
      '01:00:5e:00:00:01',
      /expected a unicast MAC/,
    ],
    [
      { gateway: ['10.0.0.1'], gatewayMac: '00:00:00:00:00:00' },
      '00:00:00:00:00:00',
      /expected a unicast MAC/,
    ],
    [{ gateway: ['10.0.0.1'], gatewayMac: 'x' }, 'x', /expected a MAC/],
    [{ gateway: ['10.0.0'], gatewayMac: MAC }, '10.0.0', /expected an IPv4 or IPv6 address/],
    [{ gateway: ['224.0.0.1'], gatewayMac: MAC }, '224.0.0.1', /expected a unicast address/],
    [{ gateway: ['0.0.0.0'], gatewayMac: MAC }, '0.0.0.0', /expected a unicast address/],
    [{ gateway: ['::'], gatewayMac: MAC }, '::', /expected a unicast address/],
    [{ gateway: ['ff02::1'], gatewayMac: MAC }, 'ff02::1', /expected a unicast address/],
    [{ gateway: ['127.0.0.1'], gatewayMac: MAC }, '127.0.0.1', /expected a unicast address/],
    [{ gateway: ['::1'], gatewayMac: MAC }, '::1', /expected a unicast address/],
    [{ gateway: ['fd00::1', 'FD00:0::1'], gatewayMac: MAC }, 'FD00:0::1', /given twice/],
    [{ gateway: many(66).slice(1), gatewayMac: MAC }, '10.0.0.65', /65 addresses; expected at most 64/],
    [{ neighsnoop: 1_048_577 }, '1048577', /expected 0 to 1048576/],
    [{ neighsnoop: -1 }, '-1', /expected 0 to/],
    [{ neighsnoop: 5, vnifilter: true }, 'neighsnoop', /exclude each other/],
  ];
  for (const [options, word, message] of cases) {
    const refusal = { code: 'ERR_VTEP_ARGUMENT', errno: 'EINVAL', word, message };
    t.throws(() => checkNeighbourOptions({ ...GIVEN, ...options }), refusal, `${word}: ${message}`);
  }
});

t.test('a new device and a changed one refuse alike, and nothing has changed', async (t) => {
  const refusal = { code: 'ERR_VTEP_ARGUMENT', word: '10.0.0.1' };
  const host = new MemoryHost();
  t.throws(() => host.add({ name: 'vtep1', id: 43, gateway: ['10.0.0.1'] }), refusal);
  t.equal(host.engine.get('vtep1'), undefined);
  const before = host.vtep.state();
  t.throws(() => host.vtep.set({ gateway: ['10.0.0.1'], ttl: 9 }), refusal);
  t.same(host.vtep.state(), before);
  host.vtep.set({ gateway: ['10.0.0.1'], gatewayMac: MAC });
  host.vtep.set({ gateway: ['10.0.0.2'] });
  t.match(host.vtep.state(), { gateway: ['10.0.0.2'], gatewayMac: MAC }, 'the MAC stays');
  t.throws(() => host.vtep.set({ gateway: [], gatewayMac: MAC }), { code: 'ERR_VTEP_ARGUMENT', word: MAC });
  host.vtep.set({ gateway: [] });
  t.notOk(host.vtep.state().gatewayMac);
});

t.test('what workers read', async (t) => {
  t.same(gatewaySettings({ gateway: ['10.0.0.1', 'fd00::1'], gatewayMac: '02:00:5e:00:01:02' }), {
    gatewayHigh: 0x02005e00,
    gatewayLow: 0x0102,
    gateways: Int32Array.of(0, 0, 0xffff, 0x0a000001, 0xfd000000, 0, 0, 1),
  });
  t.same(gatewaySettings({ gateway: [] }), { gatewayHigh: 0, gatewayLow: 0, gateways: new Int32Array(0) });
});
