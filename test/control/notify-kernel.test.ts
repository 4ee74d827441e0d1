/** Our notifications beside those of a kernel vxlan device that is told the same: equal octets, ages aside. */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Notifier } from '../../lib/control/notify.js';
import { completeConfig } from '../../lib/control/validate.js';
import type { VtepEvent } from '../../lib/engine/types.js';
import { load } from '../../lib/native/load.js';
import { RTM_DELNEIGH, RTM_GETNEIGH, RTM_NEWNEIGH } from '../../lib/native/netlink/neighbour.js';
import { readMessages } from '../../lib/native/netlink/message.js';
import { getLink } from '../../lib/native/netlink/request.js';
import type { Shim } from '../../lib/native/shim.js';
import { FakeEngine } from '../support/fake-engine.js';
import { hex } from '../support/hex.js';
import { NEEDS_ROOT, shimIn } from '../support/kernel-shim.js';
import { Namespace } from '../support/lab/namespace.js';

const RTNLGRP_NEIGH = 3;
const RTNLGRP_NEXTHOP = 32;
const CACHEINFO_SIZE = 16;
const log = { debug() {}, info() {}, warn() {}, error() {} };

/** Collects messages about one interface and of the given types. */
class Listener {
  readonly #shim: Shim;
  readonly #fd: number;

  constructor(shim: Shim) {
    this.#shim = shim;
    this.#fd = shim.netlinkOpen([RTNLGRP_NEIGH]);
  }

  /** Hexadecimal, without the ages at the end; AF_BRIDGE entries and misses alone. */
  take(ifindex: number): string[] {
    const buffer = new Uint8Array(65536);
    const taken: string[] = [];
    for (let got = 1; (got = this.#shim.netlinkReceive(this.#fd, buffer)) > 0;) {
      const [message] = readMessages(buffer.subarray(0, got));
      const body = message?.body ?? new Uint8Array();
      const isFdb = (message?.type === RTM_NEWNEIGH || message?.type === RTM_DELNEIGH) && body[0] === 7;
      // The neighbour subsystem asks too, with NLM_F_REQUEST; a vxlan device does not set it.
      const isMiss = message?.type === RTM_GETNEIGH && message.flags === 0;
      if (new DataView(body.buffer, body.byteOffset).getInt32(4, true) !== ifindex || !(isFdb || isMiss))
        continue;
      taken.push(Buffer.from(buffer.subarray(0, got - CACHEINFO_SIZE)).toString('hex'));
    }
    return taken;
  }

  close(): void {
    this.#shim.close(this.#fd);
  }
}

const MAC = '00:00:5e:00:02:02';
const entry = {
  mac: MAC,
  state: 'permanent',
  router: false,
  externLearn: false,
  learned: false,
  used: 0,
  updated: 0,
} as const;
type FdbEvent = Extract<VtepEvent, { type: 'fdb' }>;

t.test("every message equals the kernel's", { skip: NEEDS_ROOT }, async (t) => {
  const ns = await Namespace.create('notify');
  t.teardown(() => ns.close());
  const kernel = await ns.ip('link add vx0 type vxlan id 100 dstport 4789 nolearning proxy l2miss l3miss', {
    allowFailure: true,
  });
  if (kernel.code !== 0) return t.pass('the kernel has no vxlan device to compare with');
  const shim = shimIn(ns.path);
  await ns.ip('link add ve0 type veth peer name ve1');
  await ns.ip('link set ve0 up');
  await ns.ip('link set vx0 addrgenmode none up');
  const vx0 = getLink(shim, 'vx0')?.ifindex ?? 0;
  const ve0 = getLink(shim, 've0')?.ifindex ?? 0;

  const engine = new FakeEngine();
  engine.nextIndex = vx0;
  const notifier = new Notifier({ shim: { ...shim, interfaceIndex: () => ve0 }, engine, log });
  engine.add(completeConfig({ name: 'vx0', id: 100 }));
  const listener = new Listener(shim);
  t.teardown(() => (notifier.close(), listener.close()));
  listener.take(vx0);

  /** Runs a command for the kernel and emits our event; both must have sent the same. */
  async function same(name: string, words: string, events: VtepEvent[]): Promise<void> {
    await ns.exec(['bridge', ...words.split(' ')]);
    const theirs = listener.take(vx0);
    for (const event of events) engine.emit(event);
    const ours = listener.take(vx0);
    t.equal(theirs.length, events.length, `${name}: the kernel sent as many`);
    t.same(ours, theirs, name);
  }
  const fdb = (
    action: 'new' | 'del',
    change: Partial<FdbEvent['entry']>,
    remote: FdbEvent['remote'],
  ): FdbEvent => ({
    type: 'fdb',
    action,
    dev: 'vx0',
    entry: { ...entry, ...change },
    remote,
  });
  const zero = { mac: '00:00:00:00:00:00' };
  const elsewhere = { dst: '192.0.2.3', port: 4790, vni: 200, via: 've0' };
  await same('add', `fdb add ${MAC} dst 192.0.2.2 dev vx0`, [fdb('new', {}, { dst: '192.0.2.2' })]);
  await same('port, vni and via', `fdb append ${zero.mac} dst 192.0.2.3 port 4790 vni 200 via ve0 dev vx0`, [
    fdb('new', zero, elsewhere),
  ]);
  const flags = { router: true, externLearn: true };
  await same(
    'static with flags',
    `fdb add 00:00:5e:00:02:03 dst 192.0.2.4 dev vx0 static router extern_learn`,
    [fdb('new', { mac: '00:00:5e:00:02:03', state: 'static', ...flags }, { dst: '192.0.2.4' })],
  );
  await same('dynamic, local', `fdb add 00:00:5e:00:02:05 dst 0.0.0.0 dev vx0 dynamic`, [
    fdb('new', { mac: '00:00:5e:00:02:05', state: 'reachable' }, { dst: '0.0.0.0' }),
  ]);
  await same('del', `fdb del ${MAC} dev vx0`, [fdb('del', {}, { dst: '192.0.2.2' })]);
  await ns.ip('nexthop add id 61 via 192.0.2.5 fdb');
  await ns.ip('nexthop add id 101 group 61 fdb');
  const grouped = { mac: '00:00:5e:00:02:06', nhid: 101 };
  await same('nexthop group', `fdb add ${grouped.mac} nhid 101 dev vx0`, [fdb('new', grouped, undefined)]);
  await same('del with a nexthop group', `fdb del ${grouped.mac} dev vx0`, [fdb('del', grouped, undefined)]);
  await same('del with all', `fdb del ${zero.mac} dev vx0`, [fdb('del', zero, elsewhere)]);

  await ns.ip('link add vx1 type vxlan external vnifilter dstport 4790');
  const vx1 = getLink(shim, 'vx1')?.ifindex ?? 0;
  engine.nextIndex = vx1;
  engine.add(completeConfig({ name: 'vx1', external: true, vnifilter: true }));
  listener.take(vx1);
  await ns.exec(`bridge fdb add ${MAC} dst 192.0.2.3 via ve0 src_vni 7 dev vx1`.split(' '));
  const theirs = listener.take(vx1);
  t.equal(theirs.length, 1, 'many VNIs: the kernel sent one');
  const keyed = fdb('new', { srcVni: 7 }, { dst: '192.0.2.3', via: 've0' });
  engine.emit({ ...keyed, dev: 'vx1' });
  t.same(listener.take(vx1), theirs, 'many VNIs: that of the key');

  // Misses need frames that the host's own neighbour table does not know of: a bridge floods them to vx0.
  const tap = shim.tapOpen({ name: 'tap0', vnetHeader: false });
  if (typeof tap === 'number') return t.fail(`tapOpen: ${tap}`);
  const fd = tap.fds[0] ?? -1;
  t.teardown(() => load().close(fd));
  await ns.ip('link add br0 type bridge');
  for (const port of ['tap0', 'vx0', 'br0'])
    await ns.ip(`link set ${port} ${port === 'br0' ? '' : 'master br0 '}up`);
  await sleep(50);
  listener.take(vx0);

  async function missed(name: string, frame: string, event: VtepEvent): Promise<void> {
    writeSync(fd, hex(frame));
    let theirs: string[] = [];
    for (let i = 0; i < 100 && theirs.length === 0; i++) {
      await sleep(5);
      theirs = listener.take(vx0);
    }
    engine.emit(event);
    t.same(listener.take(vx0), theirs.slice(0, 1), name);
    t.equal(theirs.length, 1, `${name}: the kernel sent one`);
  }
  await missed('L2 miss', `00005e000209 020000000001 88b5 ${'00'.repeat(46)}`, {
    type: 'miss',
    layer: 2,
    dev: 'vx0',
    lladdr: '00:00:5e:00:02:09',
  });
  const arp = `0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000007 ${'00'.repeat(18)}`;
  await missed('L3 miss, IPv4', `ffffffffffff 020000000001 0806 ${arp}`, {
    type: 'miss',
    layer: 3,
    dev: 'vx0',
    dst: '10.0.0.7',
  });
  const solicitation = `60000000 0020 3a ff fd000000000000000000000000000001 ff0200000000000000000001ff000007
    87 00 5a5a 00000000 fd000000000000000000000000000007 0101 020000000001`;
  await missed('L3 miss, IPv6', `3333ff000007 020000000001 86dd ${solicitation}`, {
    type: 'miss',
    layer: 3,
    dev: 'vx0',
    dst: 'fd00::7',
  });
});

t.test('of an interface in another namespace nobody here is told', async (t) => {
  const sent: Uint8Array[] = [];
  const shim = {
    netlinkOpen: () => 9,
    netlinkSend: (_fd: number, message: Uint8Array) => sent.push(message),
    interfaceIndex: () => 0,
    close: () => 0,
  };
  const engine = new FakeEngine();
  const notifier = new Notifier({ shim, engine, log });
  t.teardown(() => notifier.close());
  const vtep = engine.add(completeConfig({ name: 'vtep0', id: 1 }));
  const remote = { dst: '192.0.2.2' };
  const tell = (): void => {
    engine.emit({ type: 'link', action: 'new', dev: 'vtep0', link: vtep.state() });
    engine.emit({ type: 'fdb', action: 'new', dev: 'vtep0', entry, remote });
    engine.emit({ type: 'miss', layer: 3, dev: 'vtep0', dst: '10.0.0.1' });
  };
  tell();
  t.equal(sent.length, 2);
  vtep.noticed({ away: true });
  tell();
  t.equal(sent.length, 2);
  vtep.noticed({ away: false });
  tell();
  t.equal(sent.length, 4);
});

t.test('nexthops', { skip: NEEDS_ROOT }, async (t) => {
  const ns = await Namespace.create('notify-nh');
  t.teardown(() => ns.close());
  const shim = shimIn(ns.path);
  const fd = shim.netlinkOpen([RTNLGRP_NEXTHOP]);
  const engine = new FakeEngine();
  const notifier = new Notifier({ shim, engine, log });
  t.teardown(() => (notifier.close(), shim.close(fd)));
  const buffer = new Uint8Array(65536);
  /** Whole messages but for their sequence and who sent them; one datagram may hold several. */
  const take = (): string[] => {
    const taken: string[] = [];
    for (let got = 1; (got = shim.netlinkReceive(fd, buffer)) > 0;) {
      for (const { type, flags, body } of readMessages(buffer.subarray(0, got)))
        taken.push(`${type} ${flags} ${Buffer.from(body).toString('hex')}`);
    }
    return taken;
  };
  type Told = Pick<Extract<VtepEvent, { type: 'nexthop' }>, 'action' | 'cause' | 'entry'>;
  const made = (id: number, more: object, cause: Told['cause'] = 'add'): Told => ({
    ...{ action: 'new', cause },
    entry: { id, protocol: 0, ...more },
  });
  const gone = ({ entry }: Told): Told => ({ action: 'del', cause: 'delete', entry });
  const [one, two] = [{ via: '192.0.2.2' }, { via: '192.0.2.3', protocol: 4 }];
  const group = (...members: [number, number?][]) => ({
    group: members.map(([id, weight]) => (weight === undefined ? { id } : { id, weight })),
  });
  const steps: [string, Told[]][] = [
    ['add id 1 via 192.0.2.2 fdb', [made(1, one)]],
    ['add id 2 via 192.0.2.3 fdb proto static', [made(2, two)]],
    ['add id 3 via 2001:db8::3 fdb', [made(3, { via: '2001:db8::3' })]],
    ['add id 4 via 0.0.0.0 fdb', [made(4, { via: '0.0.0.0' })]],
    ['add id 10 group 1/2,5 fdb', [made(10, group([1], [2, 5]))]],
    ['add id 4294967295 group 3,256 fdb', [made(4294967295, group([3, 256]))]],
    ['replace id 1 via 192.0.2.9 fdb', [made(1, { via: '192.0.2.9' }, 'replace')]],
    ['replace id 10 group 2/1 fdb', [made(10, group([2], [1]), 'replace')]],
    ['del id 1', [gone(made(1, { via: '192.0.2.9' })), made(10, group([2]), 'delete')]],
    ['del id 2', [gone(made(2, two)), gone(made(10, group([2])))]],
  ];
  for (const [words, events] of steps) {
    const { code } = await ns.ip(`nexthop ${words}`, { allowFailure: true });
    if (code !== 0) return t.pass('the kernel has no nexthop objects to compare with');
    const theirs = take();
    for (const event of events) engine.emit({ type: 'nexthop', ...event });
    t.same(take(), theirs, words);
    t.equal(theirs.length, events.length, `${words}: the kernel sent as many`);
  }
});

t.test('the default destination and a device with VNI 0', { skip: NEEDS_ROOT }, async (t) => {
  const ns = await Namespace.create('notify0');
  t.teardown(() => ns.close());
  const shim = shimIn(ns.path);
  const listener = new Listener(shim);
  const add = await ns.ip('link add vx0 type vxlan id 0 dstport 4789 remote 192.0.2.2 l2miss', {
    allowFailure: true,
  });
  t.teardown(() => listener.close());
  if (add.code !== 0) return t.pass('the kernel has no vxlan device to compare with');
  const vx0 = getLink(shim, 'vx0')?.ifindex ?? 0;
  const theirs = listener.take(vx0);

  const engine = new FakeEngine();
  engine.nextIndex = vx0;
  const notifier = new Notifier({ shim, engine, log });
  t.teardown(() => notifier.close());
  engine.add(completeConfig({ name: 'vx0', id: 0, remote: '192.0.2.2' }));
  t.same(listener.take(vx0), theirs, 'state PERMANENT | REACHABLE, though announced before the device');

  await ns.exec(['bridge', 'fdb', 'flush', 'dev', 'vx0'], { allowFailure: true });
  await ns.exec(['bridge', 'fdb', 'del', '00:00:00:00:00:00', 'dev', 'vx0'], { allowFailure: true });
  await ns.ip('link set vx0 addrgenmode none up');
  await ns.ip('neigh add 10.0.0.2 lladdr 00:00:5e:00:02:09 dev vx0');
  await ns.ip('addr add 10.0.0.1/24 dev vx0');
  listener.take(vx0);
  await ns.exec(['bash', '-c', 'echo >/dev/udp/10.0.0.2/9']);
  const miss = listener.take(vx0);
  engine.emit({ type: 'miss', layer: 2, dev: 'vx0', lladdr: '00:00:5e:00:02:09' });
  t.same(listener.take(vx0), miss.slice(0, 1), 'an L2 miss of VNI 0 has no NDA_VNI');
  t.not(miss.length, 0);
});

t.test('stock monitors print them', { skip: NEEDS_ROOT }, async (t) => {
  const ns = await Namespace.create('monitor');
  t.teardown(() => ns.close());
  const shim = shimIn(ns.path);
  await ns.ip('link add vtep0 type veth peer name ve1');
  const engine = new FakeEngine();
  engine.nextIndex = getLink(shim, 'vtep0')?.ifindex ?? 0;
  const notifier = new Notifier({ shim, engine, log });
  t.teardown(() => notifier.close());
  engine.add(completeConfig({ name: 'vtep0', id: 1 }));
  const neigh = ns.start(['ip', 'monitor', 'neigh']);
  const fdb = ns.start(['bridge', 'monitor', 'fdb']);
  // Nothing says when they listen: repeat until both have spoken.
  for (let i = 0; i < 100 && (neigh.lines.length < 2 || fdb.lines.length < 1); i++) {
    engine.emit({ type: 'miss', layer: 3, dev: 'vtep0', dst: '10.20.1.3' });
    engine.emit({ type: 'miss', layer: 2, dev: 'vtep0', lladdr: MAC });
    engine.emit({ type: 'fdb', action: 'new', dev: 'vtep0', entry, remote: { dst: '192.0.2.2' } });
    await sleep(30);
  }
  const clean = (line: string | undefined): string | undefined => line?.trim().replace(/\s+/g, ' ');
  t.ok(neigh.lines.map(clean).includes('miss 10.20.1.3 dev vtep0 STALE'), neigh.lines[0]);
  t.ok(neigh.lines.map(clean).includes(`miss dev vtep0 lladdr ${MAC} STALE`), neigh.lines[1]);
  t.equal(clean(fdb.lines[0]), `${MAC} dev vtep0 dst 192.0.2.2 self permanent`);
  await Promise.all([neigh.stop(), fdb.stop()]);
});
