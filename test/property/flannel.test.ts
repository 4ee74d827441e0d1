/**
 * Whatever order peers come, change and go in, and whatever happens to the tables meanwhile: after a reconcile they hold
 * exactly what the peers want, and what is foreign.
 */
import fc from 'fast-check';
import t from 'tap';
import { FlannelDevice } from '../../lib/flannel/device.js';
import { wantedEntries } from '../../lib/flannel/entries.js';
import { StaticProgrammer } from '../../lib/flannel/static-programmer.js';
import type { Peer } from '../../lib/flannel/types.js';
import { ETH0, FakeDaemonClient, FakeHost, routeInfo } from '../flannel/fakes.js';

const DEV = 'flannel.1';
const BACKEND = { vni: 1, port: 8472, mtu: undefined, gbp: false, learning: false, directRouting: true };
const UNDERLAY = { name: 'eth0', ifindex: ETH0, mtu: 1500, address: '10.99.0.11' };
const FOREIGN = { mac: '02:00:00:00:00:ff', address: '10.5.3.77', route: '10.6.0.0/24' };

/** Few values, so that hosts take over each other's subnets, MACs and addresses. Odd addresses are on the link. */
const small = fc.integer({ min: 0, max: 4 });
const peerOf = (key: number, [subnet, ip, mac]: [number, number, number]): Peer => ({
  key: `h${key}`,
  ipv4: { subnet: `10.5.${subnet}.0/24`, publicIp: `10.99.0.${ip}`, mac: `02:00:00:00:00:0${mac}` },
  ipv6: undefined,
});

type Step =
  | { act: 'tell'; key: number; what: [number, number, number] }
  | { act: 'gone' | 'lose' | 'refuse'; key: number }
  | { act: 'restart' | 'fresh' | 'reconcile' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constant('tell' as const),
      key: small,
      what: fc.tuple(small, small, small),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constantFrom('gone' as const, 'lose' as const, 'refuse' as const),
      key: small,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constantFrom('restart' as const, 'fresh' as const, 'reconcile' as const),
    }),
  },
);

class World {
  readonly host = new FakeHost([]);
  readonly client = new FakeDaemonClient(this.host);
  readonly peers = new Map<string, Peer>();
  device = this.#device();
  programmer = this.#programmer();

  #device(): FlannelDevice {
    const { host, client } = this;
    return new FlannelDevice({
      host,
      client,
      family: 4,
      network: '10.5.0.0/16',
      backend: BACKEND,
      underlay: UNDERLAY,
    });
  }

  #programmer(): StaticProgrammer {
    const { host, client, device } = this;
    return new StaticProgrammer({ host, client, directRouting: true, ipv4: { device, subnetLength: 24 } });
  }

  async begin(): Promise<void> {
    for (const odd of [1, 3]) this.host.onLink.add(`10.99.0.${odd}`);
    await this.#start();
    this.host.neighbour(this.device.ifindex, FOREIGN.address, FOREIGN.mac);
    this.host.routeList.push(routeInfo(FOREIGN.route, '10.99.0.1', { ifindex: ETH0 }));
    this.client.entry(DEV, FOREIGN.mac, ['10.99.0.1'], { state: 'static' });
  }

  async #start(): Promise<void> {
    await this.device.ensure();
    await this.device.configure('10.5.200.0/24');
    await this.programmer.reconcile([...this.peers.values()]);
  }

  async do(step: Step): Promise<void> {
    const { host, client } = this;
    switch (step.act) {
      case 'tell': {
        const peer = peerOf(step.key, step.what);
        const isNew = JSON.stringify(this.peers.get(peer.key)) !== JSON.stringify(peer);
        if (isNew) this.peers.delete(peer.key);
        if (isNew) this.peers.set(peer.key, peer);
        return await this.programmer.apply([peer], []);
      }
      case 'gone':
        this.peers.delete(`h${step.key}`);
        return await this.programmer.apply([], [`h${step.key}`]);
      case 'lose':
        client.fdbs.get(DEV)?.delete(`02:00:00:00:00:0${step.key}`);
        host.table.delete(`${this.device.ifindex} 10.5.${step.key}.0`);
        host.routeList = host.routeList.filter(({ dst }) => dst[2] !== step.key || dst[1] !== 5);
        return;
      case 'refuse':
        // Until the next reconcile; then whatever was refused is tried again.
        host.refuses
          .set(`neighbour 10.5.${step.key}.0`, 'EINVAL')
          .set(`route 10.5.${step.key}.0/24`, 'EINVAL');
        client.refuses.add(`02:00:00:00:00:0${step.key}`);
        return;
      case 'restart':
        client.restart();
        host.refuses.clear();
        client.refuses.clear();
        return await this.programmer.restore();
      case 'fresh':
        await this.programmer.close();
        this.device = this.#device();
        this.programmer = this.#programmer();
        return await this.#start();
      case 'reconcile':
        return await this.programmer.restore();
    }
  }

  /** What there is but for the foreign entries, and what there should be. */
  tables(): [present: unknown, wanted: unknown] {
    const { ifindex } = this.device;
    const families = new Map([...this.peers].map(([key, { ipv4 }]) => [key, ipv4!]));
    const direct = (ip: string): number | undefined => (this.host.onLink.has(ip) ? ETH0 : undefined);
    const { entries } = wantedEntries(families, ifindex, direct);
    const fdb = [...(this.client.fdbs.get(DEV)?.values() ?? [])].map(
      ({ mac, remotes }) => `${mac} ${remotes[0]?.dst}`,
    );
    const neighbours = this.host.neighbours(4, ifindex).map(({ address, mac }) => `${address} ${mac}`);
    const routes = this.host.routeList.map(
      ({ dst, nextHops: [hop] }) => `${dst.join('.')} ${hop?.gateway?.join('.')} ${hop?.ifindex}`,
    );
    const foreign = [
      `${FOREIGN.mac} 10.99.0.1`,
      `${FOREIGN.address} ${FOREIGN.mac}`,
      `10.6.0.0 10.99.0.1 ${ETH0}`,
    ];
    const present = [...fdb, ...neighbours, ...routes].filter((entry) => !foreign.includes(entry)).sort();
    const wanted = [
      ...[...entries.fdb].map(([mac, dst]) => `${mac} ${dst}`),
      ...[...entries.neighbours].map(([address, mac]) => `${address} ${mac}`),
      ...[...entries.routes].map(([dst, { via, ifindex: out }]) => `${dst.split('/')[0]} ${via} ${out}`),
    ];
    return [present, wanted.sort()];
  }
}

t.test('after a reconcile the tables are what the peers want', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const world = new World();
      await world.begin();
      for (const each of steps) await world.do(each);
      world.host.refuses.clear();
      world.client.refuses.clear();
      await world.programmer.restore();
      const [present, wanted] = world.tables();
      t.same(present, wanted);
      const before = world.host.written.length;
      await world.programmer.restore();
      t.equal(world.host.written.length, before, 'once');
      const isForeignLeft = !steps.some(({ act }) => act === 'restart');
      if (isForeignLeft) {
        t.equal(world.host.routeList.filter(({ dst }) => dst[1] === 6).length, 1);
        t.ok(world.client.fdbs.get(DEV)?.has(FOREIGN.mac));
        t.equal(
          world.host.neighbours(4, world.device.ifindex).filter(({ mac }) => mac === FOREIGN.mac).length,
          1,
        );
      }
    }),
    { numRuns: 200 },
  );
});

t.test('as long as nothing is lost or refused no reconcile is needed', async (t) => {
  const told = step.filter(({ act }) => act === 'tell' || act === 'gone');
  await fc.assert(
    fc.asyncProperty(fc.array(told, { maxLength: 25 }), async (steps) => {
      const world = new World();
      await world.begin();
      for (const each of steps) await world.do(each);
      const [present, wanted] = world.tables();
      t.same(present, wanted);
    }),
    { numRuns: 100 },
  );
});
