import t, { type Test } from 'tap';
import { completeChange, completeConfig } from '../../lib/control/validate.js';
import { completeFdb, completeNeighbour, completeRoute } from '../../lib/control/validate-entries.js';
import type { NewLink } from '../../lib/control/client.js';
import type { LinkChange, LinkConfig } from '../../lib/engine/types.js';
import { LINK_DEFAULTS } from '../support/links.js';

const config = (options: Partial<NewLink>): LinkConfig =>
  completeConfig({ name: 'vtep0', id: 1, ...options });

function refused(t: Pick<Test, 'fail' | 'match'>, run: () => unknown, word: string, message: RegExp): void {
  try {
    run();
    t.fail(`accepted ${word}`);
  } catch (error) {
    t.match(error, { code: 'ERR_VTEP_ARGUMENT', word, message }, `${word}: ${(error as Error).message}`);
  }
}

t.test("the kernel's defaults", (t) => {
  t.same(config({}), { ...LINK_DEFAULTS, name: 'vtep0', id: 1 });
  t.end();
});

t.test('what the kernel adjusts without a word', (t) => {
  t.equal(config({ ageing: 0 }).ageing, 300);
  t.equal(config({ dstport: 0 }).dstport, 8472);
  t.equal(config({ tos: 1 }).tos, 'inherit');
  t.same(config({ srcport: [5000, 5000] }).srcport, [0, 0], 'an empty range is the default range');
  t.same(config({ srcport: [5000, 5001] }).srcport, [5000, 5001]);
  t.equal(config({ address: '2:0:0:0:0:1' }).address, '02:00:00:00:00:01');
  t.equal(config({ remote: 'FD00::01' }).remote, 'fd00::1');
  t.equal(config({ remote: '::' }).remote, '::', 'an IPv6 VTEP without a default destination');
  t.end();
});

t.test('bad values, each with its word', (t) => {
  const cases: [Partial<NewLink>, string, RegExp][] = [
    [{ name: 'averyveryverylongname' }, 'averyveryverylongname', /has 21 bytes.*1 to 15/],
    [{ name: '' }, '', /has 0 bytes/],
    [{ name: 'a/b' }, 'a/b', /no interface name/],
    [{ name: '..' }, '..', /no interface name/],
    [{ name: 'a b' }, 'a b', /no interface name/],
    [{ name: 'vtep%d' }, 'vtep%d', /percent/],
    [{ dev: 'eth0:1' }, 'eth0:1', /dev "eth0:1" is no interface name/],
    [{ srcport: [6000, 5000] }, '6000 5000', /MIN is above MAX/],
    [{ remote: '239.1.1.1' }, '239.1.1.1', /multicast address; write group/],
    [{ remote: '10.0.0' }, '10.0.0', /expected an IPv4 or IPv6 address/],
    [{ group: '10.0.0.1', dev: 'eth0' }, '10.0.0.1', /not a multicast address; write remote/],
    [{ group: '239.1.1.1' }, '239.1.1.1', /name it with dev/],
    [{ group: '239.1.1.1', remote: '10.0.0.1', dev: 'eth0' }, '239.1.1.1', /exclude each other/],
    [{ local: '239.1.1.1' }, '239.1.1.1', /local 239.1.1.1 is a multicast address/],
    [{ local: '10.0.0.1', remote: 'fd00::1' }, 'fd00::1', /same address family/],
    [{ local: 'fe80::1' }, 'fe80::1', /link-local; name its interface/],
    [{ local: 'fe80::1', remote: 'fd00::1', dev: 'eth0' }, 'fd00::1', /do not go together/],
    [{ remote: 'fe80::1', dev: 'eth0' }, 'fe80::1', /do not go together/],
    [{ flowlabel: 5 }, '5', /IPv6 underlay/],
    [{ flowlabel: 5, remote: '10.0.0.1' }, '5', /IPv6 underlay/],
    [{ address: '01:00:5e:00:00:01' }, '01:00:5e:00:00:01', /not a unicast MAC/],
    [{ address: '00:00:00:00:00:00' }, '00:00:00:00:00:00', /not a unicast MAC/],
    [{ address: 'nonsense' }, 'nonsense', /expected a MAC/],
    [{ hold: 4 }, '4', /this device tells none: give l2miss or l3miss/],
    [{ hold: 4, gpe: true }, '4', /give l2miss or l3miss/],
    [{ l2miss: true, holdtime: 500 }, '500', /none are: give hold/],
  ];
  for (const [options, word, message] of cases) refused(t, () => config(options), word, message);
  t.end();
});

t.test('what belongs together is accepted', (t) => {
  t.match(config({ local: 'fe80::1', remote: 'fe80::2', dev: 'eth0' }), { remote: 'fe80::2' });
  t.match(config({ group: 'ff02::1', local: 'fd00::1', dev: 'eth0' }), { group: 'ff02::1' });
  t.match(config({ flowlabel: 5, local: 'fd00::1' }), { flowlabel: 5 });
  t.match(
    config({ df: 'set', remote: 'fd00::1' }),
    { df: 'set' },
    'without effect over IPv6, as in the kernel',
  );
  t.end();
});

t.test('changes', (t) => {
  const current = config({ remote: '10.0.0.1', dev: 'eth0' });
  const change = (request: LinkChange & Partial<LinkConfig>): LinkChange => completeChange(request, current);
  t.same(change({ id: 1, name: 'vtep0', ageing: 0, up: true }), { ageing: 300, up: true });
  t.same(change({ group: '239.1.1.1' }), { group: '239.1.1.1' }, 'a group takes the place of the remote');
  t.same(change({ local: '10.0.0.9' }), { local: '10.0.0.9' });
  const fixed: [Partial<LinkConfig>, string][] = [
    [{ id: 2 }, 'id'],
    [{ dstport: 4789 }, 'dstport'],
    [{ srcport: [1, 2] }, 'srcport'],
    [{ proxy: false }, 'proxy'],
    [{ maxaddress: 3 }, 'maxaddress'],
    [{ udpcsum: false }, 'udpcsum'],
    [{ ttl: 'inherit' }, 'ttl'],
  ];
  for (const [request, word] of fixed) {
    t.throws(() => change(request as LinkChange), { code: 'ERR_VTEP_FIXED', errno: 'EOPNOTSUPP', word });
  }
  refused(t, () => change({ remote: 'fd00::1' }), 'fd00::1', /over IPv4, which cannot change/);
  refused(t, () => change({ flowlabel: 5 }), '5', /IPv6 underlay/);
  t.end();
});

t.test('entries', (t) => {
  t.match(completeFdb({ verb: 'add', mac: '2:0:0:0:0:1', dst: 'FD00::01' }), {
    mac: '02:00:00:00:00:01',
    dst: 'fd00::1',
  });
  refused(t, () => completeFdb({ mac: '02:00' }), '02:00', /expected a MAC/);
  refused(t, () => completeFdb({ mac: '02:00:00:00:00:01', via: 'a/b' }), 'a/b', /via/);
  const neighbour = (dst: string, lladdr: string) => completeNeighbour({ verb: 'add', dst, lladdr });
  refused(t, () => neighbour('239.1.1.1', '02:00:00:00:00:01'), '239.1.1.1', /unicast/);
  refused(t, () => neighbour('10.0.0.1', '01:00:00:00:00:01'), '01:00:00:00:00:01', /unicast/);
  t.equal(completeRoute({ verb: 'add', dst: 'default', via: 'fd00::1' }).dst, '::/0');
  t.equal(completeRoute({ verb: 'add', dst: 'default', via: '10.0.0.1' }).dst, '0.0.0.0/0');
  refused(
    t,
    () => completeRoute({ verb: 'add', dst: '10.0.0.0/8', via: 'fd00::1' }),
    'fd00::1',
    /same address family/,
  );
  refused(t, () => completeRoute({ verb: 'add', dst: '10.0.0.1/8' }), '10.0.0.1/8', /bits are set behind/);
  t.end();
});

t.test('gbp and gpe: what they imply and exclude', async (t) => {
  t.match(config({ gbp: true }), { learning: true, reserved_bits: '0x77000000000000ff', dstport: 8472 });
  const gpe = { learning: false, reserved_bits: '0xc2ffff00000000ff', dstport: 4790 };
  t.match(config({ gpe: true }), gpe);
  t.match(config({ gpe: true, dstport: 0 }), gpe);
  for (const word of ['gbp', 'learning', 'proxy', 'rsc', 'l2miss', 'l3miss'])
    refused(
      t,
      () => config({ gpe: true, [word]: true }),
      word,
      /VXLAN GPE does not support this combination/,
    );
  refused(t, () => config({ gpe: true, ttl: 'inherit' }), 'inherit', /VXLAN GPE does not support/);
  refused(t, () => config({ gbpId: 7 }), '7', /give gbp/);
  t.equal(config({ gbp: true, gbpId: 7 }).gbpId, 7);
});

t.test('reserved_bits: canonical, and never a bit in use', async (t) => {
  t.equal(config({ reserved_bits: '0x00FF' }).reserved_bits, '0xff');
  refused(t, () => config({ reserved_bits: 'x' }), 'x', /64-bit mask/);
  refused(
    t,
    () => config({ gbp: true, reserved_bits: '0x8000000000000000' }),
    '0x8000000000000000',
    /^Used bits 0x88ffffffffffff00 cannot overlap reserved bits 0x8000000000000000/,
  );
});

t.test('localbind needs a local address, and no group', async (t) => {
  refused(t, () => config({ localbind: true }), 'localbind', /receives on the address given by local/);
  const bound = { localbind: true, local: '192.0.2.1' };
  t.equal(config(bound).localbind, true);
  refused(t, () => config({ ...bound, group: '239.1.1.1', dev: 'eth0' }), '239.1.1.1', /exclude each other/);
  refused(t, () => config({ localbind: true, local: 'fe80::1', dev: 'eth0' }), 'fe80::1', /link-local/);
  const current = config(bound);
  t.throws(() => completeChange({ local: '192.0.2.2' }, current), {
    code: 'ERR_VTEP_FIXED',
    errno: 'EOPNOTSUPP',
    message: /^Cannot change local address when bound locally/,
  });
  t.same(completeChange({ local: '192.0.2.1' }, current), { local: '192.0.2.1' });
  t.throws(() => completeChange({ group: '239.1.1.1', dev: 'eth0' }, current), {
    code: 'ERR_VTEP_ARGUMENT',
    word: '239.1.1.1',
  });
});

t.test('the port it receives on as its one source port', async (t) => {
  const own = { dstport: 4789, srcport: [4789, 4790] as [number, number] };
  t.same(config(own).srcport, [4789, 4790]);
  const refused = { code: 'ERR_VTEP_ARGUMENT', errno: 'EINVAL' };
  t.throws(() => config({ ...own, df: 'set' }), { ...refused, word: 'set' });
  t.throws(() => config({ ...own, udpcsum: false }), { ...refused, word: 'noudpcsum' });
  t.throws(() => completeChange({ df: 'inherit' }, config(own)), { ...refused, word: 'inherit' });
  t.equal(
    config({ ...own, srcport: [4789, 4791], df: 'set' }).df,
    'set',
    'with another there is a socket for it',
  );
  t.equal(config({ ...own, dstport: 4790, df: 'set' }).df, 'set');
});

t.test('learn-port needs learning, and one VNI', async (t) => {
  t.equal(config({ learnPort: true }).learnPort, true);
  const refused = (words: Partial<LinkConfig>, word: string): void =>
    void t.throws(() => completeConfig({ name: 'vtep0', learnPort: true, ...words }), {
      code: 'ERR_VTEP_ARGUMENT',
      errno: 'EINVAL',
      word,
      message: new RegExp(`learn-port and ${word} exclude each other`),
    });
  refused({ id: 1, learning: false }, 'nolearning');
  refused({ external: true, vnifilter: true, learning: true }, 'external');
  refused({ external: true, vnifilter: true }, 'external');
  refused({ id: 1, gpe: true }, 'nolearning');
  const current = config({ learnPort: true });
  t.throws(() => completeChange({ learning: false }, current), {
    code: 'ERR_VTEP_ARGUMENT',
    word: 'nolearning',
  });
  t.same(completeChange({ ageing: 5 }, current), { ageing: 5 });
});

t.test('options of header and receive path: what may change', async (t) => {
  const current = config({ gbp: true });
  const changes: LinkChange[] = [
    { gbpId: 9 },
    { localbypass: false },
    { allow: 'fdb' },
    { learnLimit: 5 },
    { remoteStats: true },
    { splitHorizon: 7 },
    { resolveInterval: 5 },
  ];
  for (const change of changes) t.same(completeChange(change, current), change);
  const fixed: Partial<LinkConfig>[] = [
    { gbp: false },
    { gpe: true },
    { reserved_bits: '0x1' },
    { localbind: true },
    { learnPort: true },
  ];
  for (const change of fixed)
    t.throws(() => completeChange(change, current), { code: 'ERR_VTEP_FIXED' }, JSON.stringify(change));
  t.throws(() => completeChange({ gbpId: 9 }, config({})), { code: 'ERR_VTEP_ARGUMENT' });
});

t.test('hold may change while a miss is told', async (t) => {
  const current = config({ l3miss: true, hold: 4 });
  for (const change of [{ hold: 9 }, { holdtime: 500 }, { hold: 0 }, { hold: 1, holdtime: 60_000 }])
    t.same(completeChange(change, current), change);
  refused(t, () => completeChange({ hold: 4 }, config({})), '4', /give l2miss or l3miss/);
  refused(t, () => completeChange({ holdtime: 500 }, config({ l3miss: true })), '500', /give hold/);
  const all = config({ l2miss: true });
  t.same(completeConfig(all), all, 'a complete one is as good as what it came from');
});

t.test('link-netns: a name, or an absolute path that means the same to everybody', async (t) => {
  for (const linkNetns of ['blue', 'a.b-c', '/proc/1/ns/net', '/run/docker/netns/1'])
    t.equal(config({ linkNetns }).linkNetns, linkNetns);
  for (const linkNetns of [
    '',
    '.',
    '..',
    'a/b',
    './a',
    '/proc/self/ns/net',
    '/proc/thread-self/ns/net',
    'a\0b',
  ])
    refused(
      t,
      () => config({ linkNetns }),
      linkNetns,
      /^link-netns is ".*"; expected a name of `ip netns list`/s,
    );
  const fixed = { code: 'ERR_VTEP_FIXED', word: 'linkNetns' };
  t.throws(() => completeChange({ linkNetns: 'red' }, config({ linkNetns: 'blue' })), fixed);
  t.throws(() => completeChange({ linkNetns: 'red' }, config({})), {
    ...fixed,
    message: /is not set and cannot/,
  });
});

t.test('gateway and neighsnoop: canonical, checked together, changed alike', async (t) => {
  const gatewayMac = '00:00:5e:00:01:01';
  const given = config({ gateway: ['10.0.0.1', 'FD00:0::1'], gatewayMac: '0:0:5E:0:1:1', neighsnoop: 9 });
  t.match(given, { gateway: ['10.0.0.1', 'fd00::1'], gatewayMac, neighsnoop: 9 });
  refused(t, () => config({ gateway: ['10.0.0.1'] }), '10.0.0.1', /give gateway-mac, too/);
  refused(t, () => config({ gatewayMac }), gatewayMac, /give its addresses/);
  refused(t, () => config({ gateway: ['10.0.0'], gatewayMac }), '10.0.0', /gateway is "10.0.0"/);
  refused(t, () => config({ gateway: ['::1'], gatewayMac }), '::1', /unicast address/);
  refused(t, () => config({ gateway: ['fd00::1', 'fd00:0::1'], gatewayMac }), 'fd00::1', /given twice/);
  refused(t, () => config({ gateway: ['10.0.0.1'], gatewayMac: 'x' }), 'x', /gatewayMac is "x"/);
  refused(
    t,
    () => config({ gateway: ['10.0.0.1'], gatewayMac: '1:0:0:0:0:0' }),
    '01:00:00:00:00:00',
    /unicast MAC/,
  );
  t.same(completeChange({ gateway: ['10.0.0.2'] }, given), { gateway: ['10.0.0.2'] });
  t.same(completeChange({ gateway: [], neighsnoop: 0 }, given), { gateway: [], neighsnoop: 0 });
  refused(
    t,
    () => completeChange({ gateway: ['10.0.0.2'] }, config({})),
    '10.0.0.2',
    /give gateway-mac, too/,
  );
  refused(t, () => completeChange({ gateway: [], gatewayMac }, given), gatewayMac, /give its addresses/);
});
