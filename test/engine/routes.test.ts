/** The verbs of `ip route` on a VTEP's own table. */
import t from 'tap';
import { MemoryHost } from '../support/memory-host.js';

const refusal = (code: string, errno: string) => ({ code: `ERR_VTEP_${code}`, errno });

t.test('add, replace, delete', async (t) => {
  const host = new MemoryHost();
  const { routes } = host.vtep;
  routes.set({ verb: 'add', dst: '10.20.2.0/24', via: '10.20.2.0', onlink: true });
  const first = { dst: '10.20.2.0/24', via: '10.20.2.0', onlink: true, origin: 'own' };
  t.same(routes.list(), [first]);
  t.throws(() => routes.set({ verb: 'add', dst: '10.20.2.0/24' }), refusal('EXISTS', 'EEXIST'));
  routes.set({ verb: 'replace', dst: '10.20.2.0/24' });
  const second = { dst: '10.20.2.0/24', onlink: false, origin: 'own' };
  t.same(routes.list(), [second]);
  routes.delete('10.20.2.0/24');
  t.throws(() => routes.delete('10.20.2.0/24'), refusal('NO_ENTRY', 'ESRCH'));
  t.same(
    host.events().map((event) => event.type === 'route' && [event.action, event.entry]),
    [
      ['new', first],
      ['new', second],
      ['del', second],
    ],
  );
});

t.test('longest prefix, both families apart', async (t) => {
  const { routes } = new MemoryHost().vtep;
  for (const dst of ['0.0.0.0/0', '10.0.0.0/8', '10.20.2.0/24', '10.20.2.4', '::/0', 'fd00::/16']) {
    routes.set({ verb: 'add', dst });
  }
  const lookup = (address: string) => routes.lookup(address)?.dst;
  t.equal(lookup('10.20.2.4'), '10.20.2.4/32');
  t.equal(lookup('10.20.2.5'), '10.20.2.0/24');
  t.equal(lookup('10.9.9.9'), '10.0.0.0/8');
  t.equal(lookup('192.0.2.1'), '0.0.0.0/0');
  t.equal(lookup('fd00::1'), 'fd00::/16');
  t.equal(lookup('2001:db8::1'), '::/0');
  routes.delete('::/0');
  t.equal(lookup('2001:db8::1'), undefined, 'the IPv4 default is not for IPv6');
});

t.test('refused', async (t) => {
  const host = new MemoryHost();
  const { routes } = host.vtep;
  for (const request of [
    { dst: '10.20.2.1/24' },
    { dst: '10.20.2.0/33' },
    { dst: '10.20.2.0/' },
    { dst: '10.20.2.0/24/8' },
    { dst: '10.20.2.0/-1' },
    { dst: 'fd00::1/64' },
    { dst: 'fd00::/129' },
    { dst: 'default' },
    { dst: '10.20.2.0/24', via: 'fd00::1' },
    { dst: 'fd00::/64', via: '10.0.0.1' },
    { dst: '10.20.2.0/24', via: '224.0.0.1' },
    { dst: '10.20.2.0/24', via: 'there' },
  ]) {
    t.throws(
      () => routes.set({ verb: 'add', ...request }),
      refusal('ARGUMENT', 'EINVAL'),
      JSON.stringify(request),
    );
  }
  t.same([routes.list(), host.events()], [[], []]);
});

t.test('the mirror never overrides, and flush spares it', async (t) => {
  const { routes } = new MemoryHost().vtep;
  const seen = { dst: '10.20.2.0/24', via: '10.20.2.1', onlink: false };
  routes.mirror(seen);
  t.match(routes.list(), [{ origin: 'kernel', via: '10.20.2.1' }]);
  t.throws(() => routes.delete('10.20.2.0/24'), refusal('NO_ENTRY', 'ESRCH'));
  t.equal(routes.flush(), 0);
  routes.set({ verb: 'add', dst: '10.20.2.0/24', via: '10.20.2.9' });
  routes.mirror(seen);
  routes.unmirror('10.20.2.0/24');
  t.match(routes.list(), [{ origin: 'own', via: '10.20.2.9' }]);
  routes.set({ verb: 'add', dst: '10.20.3.0/24' });
  t.equal(routes.flush(), 2);
  t.same(routes.list(), []);
});

t.test('what an own route hid comes to light when it goes, as it is by then', async (t) => {
  const { routes } = new MemoryHost().vtep;
  const seen = { dst: '10.20.2.0/24', via: '10.20.2.1', onlink: false };
  routes.mirror(seen);
  routes.set({ verb: 'add', dst: seen.dst, via: '10.20.2.9' });
  routes.delete(seen.dst);
  t.match(routes.list(), [{ origin: 'kernel', via: '10.20.2.1' }], 'hidden by the own one');
  routes.set({ verb: 'add', dst: seen.dst, via: '10.20.2.9' });
  routes.mirror({ ...seen, via: '10.20.2.2' });
  t.equal(routes.flush(), 1);
  t.match(routes.list(), [{ origin: 'kernel', via: '10.20.2.2' }], 'seen while hidden');
  routes.set({ verb: 'add', dst: seen.dst, via: '10.20.2.9' });
  routes.unmirror(seen.dst);
  routes.delete(seen.dst);
  t.same(routes.list(), [], 'gone while hidden');
});
