/** Listening sockets, egress pools and memberships, against a system that keeps books. */
import t from 'tap';
import { RECEIVES_GBP, RECEIVES_ZERO_CSUM6 } from '../../lib/dataplane/device.js';
import { Retirement } from '../../lib/engine/retirement.js';
import type { SocketRequest, System } from '../../lib/engine/system.js';
import { type EgressKey, type ListenerKey, Underlay } from '../../lib/engine/underlay.js';
import { VtepError } from '../../lib/errors.js';
import { Epochs } from '../../lib/memory/epoch.js';
import { parseAddress } from '../../lib/wire/text.js';

const LISTENER: ListenerKey = { family: 4, port: 4_789, reception: 0 };
const EGRESS: EgressKey = { family: 4, ports: [50_000, 50_100], checksum: true, df: false };
const GROUP = parseAddress('239.1.1.1')!;

class Books {
  readonly open = new Map<number, SocketRequest>();
  readonly memberships: string[] = [];
  /** Ports somebody else holds. */
  taken: (port: number) => boolean = () => false;
  /** Sockets that may yet be opened. */
  left = Infinity;
  #next = 10;

  readonly system = {
    openSocket: (request: SocketRequest) => {
      const holders = [...this.open.values()].filter(
        (held) => held.port === request.port && held.family === request.family,
      );
      if (this.taken(request.port) || holders.some((held) => !(held.shared && request.shared))) {
        throw new VtepError('ERR_VTEP_PORT_IN_USE', `${request.port}`);
      }
      if (this.left-- <= 0) throw new VtepError('ERR_VTEP_SYSTEM', 'EMFILE');
      this.open.set(this.#next, request);
      return this.#next++;
    },
    close: (fd: number) => void this.open.delete(fd),
    join: (fd: number, _: Int32Array, ifindex: number) => void this.memberships.push(`join ${fd} ${ifindex}`),
    leave: (fd: number, _: Int32Array, ifindex: number) =>
      void this.memberships.push(`leave ${fd} ${ifindex}`),
  } as unknown as System;

  underlay(workers = 1, epochs?: Epochs): Underlay {
    return new Underlay(this.system, workers, new Retirement(epochs, (fd) => this.system.close(fd)));
  }
}

t.test('a listener is opened once, closed with its last user', async (t) => {
  const books = new Books();
  const underlay = books.underlay();
  const first = underlay.listen(LISTENER);
  t.equal(underlay.listen({ ...LISTENER }), first);
  t.equal(books.open.size, 1);
  t.match(books.open.get(first.fds[0]), { use: 'listen', shared: false, port: 4_789 });
  underlay.unlisten(LISTENER);
  t.equal(books.open.size, 1);
  underlay.unlisten(LISTENER);
  t.equal(books.open.size, 0);
  underlay.unlisten(LISTENER);
  t.equal(underlay.listen(LISTENER).fds.length, 1, 'and opened anew');
});

t.test('other receive flags need another socket: the port is in use, as in the kernel', async (t) => {
  const books = new Books();
  const underlay = books.underlay();
  const six = { ...LISTENER, family: 6 } as const;
  underlay.listen(LISTENER);
  underlay.listen(six);
  t.throws(() => underlay.listen({ ...six, reception: RECEIVES_ZERO_CSUM6 }), {
    code: 'ERR_VTEP_PORT_IN_USE',
  });
  t.throws(() => underlay.listen({ ...LISTENER, reception: RECEIVES_GBP }), {
    code: 'ERR_VTEP_PORT_IN_USE',
    errno: 'EADDRINUSE',
  });
  t.equal(books.open.size, 2);
});

t.test(
  'other receive flags on a port of several workers: refused, though the system would share it',
  async (t) => {
    const books = new Books();
    const underlay = books.underlay(2);
    const inUse = { code: 'ERR_VTEP_PORT_IN_USE', errno: 'EADDRINUSE' };
    underlay.listen(LISTENER);
    t.throws(() => underlay.listen({ ...LISTENER, reception: RECEIVES_GBP }), inUse);
    t.throws(() => underlay.listen({ ...LISTENER, address: '192.0.2.1' }), inUse);
    t.equal(books.open.size, 2);
    underlay.unlisten(LISTENER);
    underlay.listen({ ...LISTENER, reception: RECEIVES_GBP });
    const other = new Books();
    const bound = other.underlay(2);
    bound.listen({ ...LISTENER, address: '192.0.2.1' });
    bound.listen({ ...LISTENER, address: '192.0.2.2' });
    t.same(
      [...other.open.values()].map(({ address }) => address),
      ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.2'],
    );
  },
);

t.test('one socket a worker, all or none', async (t) => {
  const books = new Books();
  t.equal(books.underlay(3).listen(LISTENER).fds.length, 3);
  t.ok([...books.open.values()].every((request) => request.shared));
  const poor = new Books();
  poor.left = 2;
  t.throws(() => poor.underlay(3).listen(LISTENER), { code: 'ERR_VTEP_SYSTEM' });
  t.equal(poor.open.size, 0, 'nothing left behind');
});

t.test('a listener wanted again before its sockets are free is taken back', async (t) => {
  const epochs = new Epochs(1);
  const books = new Books();
  const underlay = books.underlay(1, epochs);
  epochs.enter(0);
  const { fds } = underlay.listen(LISTENER);
  underlay.unlisten(LISTENER);
  t.equal(books.open.size, 1, 'a worker may be in it');
  const again = underlay.listen(LISTENER);
  t.same(again.fds, fds);
  epochs.enter(0);
  underlay.unlisten(LISTENER);
  epochs.leave(0);
  underlay.listen({ ...LISTENER, port: 1 });
  underlay.unlisten({ ...LISTENER, port: 1 });
  t.equal(books.open.size, 0, 'closed once the worker moved on');
});

t.test('a pool has ports all over its range, each of one socket', async (t) => {
  const books = new Books();
  const { ports, plain, df } = books.underlay().egress(EGRESS);
  t.equal(ports.length, 16);
  t.same([...ports].sort(), [...ports], 'in order');
  t.equal(new Set(ports).size, 16);
  for (const [k, port] of ports.entries()) {
    t.ok(
      port >= 50_000 + Math.floor(k * 6.25) && port < 50_000 + Math.floor((k + 1) * 6.25),
      `port ${k}: ${port}`,
    );
    t.equal(books.open.get(plain[k])?.port, port);
  }
  t.same(df, plain);
  t.ok([...books.open.values()].every((request) => request.use === 'egress' && !request.df));
});

t.test('a pool with DF has twins on the same ports', async (t) => {
  const books = new Books();
  const { ports, plain, df } = books.underlay().egress({ ...EGRESS, df: true });
  t.equal(books.open.size, 32);
  for (const [k, port] of ports.entries()) {
    t.match(books.open.get(plain[k]), { port, df: false });
    t.match(books.open.get(df[k]), { port, df: true });
  }
});

t.test('a narrow range may be shared by pools of all kinds', async (t) => {
  const books = new Books();
  const underlay = books.underlay();
  const one = { ...EGRESS, ports: [5_000, 5_001] } as const;
  t.same([...underlay.egress(one).ports], [5_000]);
  t.same([...underlay.egress({ ...one, df: true }).ports], [5_000]);
  t.same([...underlay.egress({ ...one, checksum: false }).ports], [5_000]);
  t.same([...underlay.egress({ ...one, ports: [5_000, 5_003] }).ports], [5_000, 5_001, 5_002]);
});

t.test('ports that are taken are passed by; none free is an error that leaves nothing', async (t) => {
  const books = new Books();
  books.taken = (port) => port % 2 === 0;
  const { ports } = books.underlay().egress({ ...EGRESS, ports: [5_000, 5_008] });
  t.same([...ports], [5_001, 5_003, 5_005, 5_007]);
  books.taken = () => true;
  t.throws(() => books.underlay().egress(EGRESS), {
    code: 'ERR_VTEP_PORT_IN_USE',
    message: /no source port from 50000 to 50099 is free/,
  });
  const poor = new Books();
  for (const left of [0, 5, 16, 20]) {
    poor.left = left;
    t.throws(() => poor.underlay().egress({ ...EGRESS, df: true }), { code: 'ERR_VTEP_SYSTEM' });
    t.equal(poor.open.size, 0, `${left} opened, none kept`);
  }
});

t.test('a pool is shared by its key and closed with its last user', async (t) => {
  const books = new Books();
  const underlay = books.underlay();
  const pool = underlay.egress(EGRESS);
  t.equal(underlay.egress({ ...EGRESS }), pool);
  t.not(underlay.egress({ ...EGRESS, df: true }), pool);
  underlay.releaseEgress(EGRESS);
  underlay.releaseEgress({ ...EGRESS, df: true });
  t.equal(books.open.size, 16);
  underlay.releaseEgress(EGRESS);
  t.equal(books.open.size, 0);
});

t.test('a group is joined by its first VTEP and left with its last, by one socket', async (t) => {
  const books = new Books();
  const underlay = books.underlay(2);
  const listener = underlay.listen(LISTENER);
  const [fd] = listener.fds;
  underlay.join(listener, GROUP, 3);
  underlay.join(listener, GROUP, 3);
  underlay.join(listener, GROUP, 4);
  t.same(books.memberships.splice(0), [`join ${fd} 3`, `join ${fd} 4`]);
  underlay.leave(listener, GROUP, 3);
  t.same(books.memberships, []);
  underlay.leave(listener, GROUP, 3);
  underlay.leave(listener, GROUP, 3);
  t.same(books.memberships, [`leave ${fd} 3`]);
});
