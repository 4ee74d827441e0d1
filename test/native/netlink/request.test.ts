import t from 'tap';
import { load } from '../../../lib/native/load.js';
import { gsoRequest } from '../../../lib/native/netlink/link.js';
import { ask, getLink, listLinks, setLinkGso, setLinkQueue } from '../../../lib/native/netlink/request.js';
import { errnoName } from '../../../lib/native/errno.js';
import { NEEDS_ROOT } from '../../support/kernel-shim.js';
import { Namespace } from '../../support/lab/namespace.js';

t.test('loopback is found by name and by index, without privileges', (t) => {
  const shim = load();
  const link = getLink(shim, 'lo');
  t.match(link, { name: 'lo', ifindex: 1, moved: false });
  t.same(getLink(shim, 1)?.name, 'lo');
  t.ok(listLinks(shim).some(({ name }) => name === 'lo'));
  t.equal(getLink(shim, 'nosuchinterface'), undefined);
  t.equal(getLink(shim, 2 ** 30), undefined);
  t.end();
});

t.test('in another namespace', { skip: NEEDS_ROOT }, async (t) => {
  const ns = await Namespace.create('request');
  t.teardown(() => ns.close());
  const shim = load();
  await ns.ip('link add ve0 address 02:00:00:00:00:01 mtu 1400 type veth peer name ve1');
  const link = getLink(shim, 've0', ns.path);
  t.match(link, { name: 've0', mtu: 1400, kind: 'veth', up: false, mac: Uint8Array.of(2, 0, 0, 0, 0, 1) });
  const index = link?.ifindex ?? 0;

  t.equal(setLinkGso(shim, index, 44, 65_000, ns.path), 0);
  t.match(getLink(shim, index, ns.path), { gsoMaxSegs: 44, gsoMaxSize: 65_000 });
  t.equal(setLinkQueue(shim, index, 4_000, ns.path), 0);
  t.match(await ns.ipJson('link show ve0'), [{ txqlen: 4_000 }]);
  t.equal(errnoName(setLinkQueue(shim, 9999, 4_000, ns.path)), 'ENODEV');
  t.equal(errnoName(setLinkGso(shim, 9999, 44, 65_000, ns.path)), 'ENODEV');
  t.equal(
    errnoName(ask(shim, gsoRequest(index, 70_000, 65_536), ns.path).result),
    'EINVAL',
    "beyond the kernel's limit",
  );

  const lines = Array.from({ length: 100 }, (_, i) => `link add d${i} type veth peer name e${i}`);
  await ns.command(['ip', '-n', ns.name, '-batch', '-'], { input: lines.join('\n') });
  t.equal(listLinks(shim, ns.path).length, 203, 'a dump of many datagrams is read to its end');
});
