import t from 'tap';
import {
  isOverlayHost,
  mirrorNeighbour,
  replaceNeighbours,
  unmirrorNeighbour,
} from '../../lib/control/mirror-neighbours.js';
import { completeConfig } from '../../lib/control/validate.js';
import * as netlink from '../../lib/native/netlink/neighbour.js';
import { readMessages } from '../../lib/native/netlink/message.js';
import { FakeEngine, type FakeVtep } from '../support/fake-engine.js';
import { hex } from '../support/hex.js';

const host: netlink.NeighbourInfo = {
  family: netlink.AF_INET,
  ifindex: 10,
  state: netlink.NUD_REACHABLE,
  flags: 0,
  type: netlink.RTN_UNICAST,
  dst: Uint8Array.of(10, 20, 1, 3),
  lladdr: hex('e64bf9ced77b'),
};

function vtep(): FakeVtep {
  return new FakeEngine().add(completeConfig({ name: 'vtep0', id: 1 }));
}

t.test('what is a host on the overlay', (t) => {
  t.equal(isOverlayHost(host), true);
  t.equal(isOverlayHost({ ...host, family: netlink.AF_INET6, dst: new Uint8Array(16) }), true);
  t.equal(isOverlayHost({ ...host, family: netlink.AF_BRIDGE }), false, 'a forwarding entry');
  t.equal(isOverlayHost({ ...host, flags: netlink.NTF_PROXY }), false, 'an address we answer for');
  t.equal(isOverlayHost({ ...host, dst: undefined }), false, 'an L2 miss');
  const group = `
    58000000 1d00 0000 00000000 00000000
    0a000000 04000000 4000 00 05                    # NOARP, RTN_MULTICAST
    1400 0100 ff0200000000000000000001ff000007
    0a00 0200 3333ff000007 0000
    0800 0400 00000000  1400 0300 00000000 47180000 d7000000 d7000000`;
  const info = netlink.readNeighbour(readMessages(hex(group))[0]?.body ?? new Uint8Array());
  t.equal(info && isOverlayHost(info), false, 'a solicited-node group, recorded');
  t.end();
});

t.test('states', (t) => {
  const device = vtep();
  const stateAfter = (state: number) => {
    mirrorNeighbour(device, { ...host, state });
    return device.neighbours.get('10.20.1.3')?.state;
  };
  t.equal(stateAfter(netlink.NUD_PERMANENT), 'permanent');
  t.equal(stateAfter(netlink.NUD_NOARP), 'noarp');
  t.equal(stateAfter(netlink.NUD_STALE), 'stale');
  t.equal(stateAfter(netlink.NUD_DELAY), 'delay');
  t.equal(stateAfter(netlink.NUD_PROBE), 'probe');
  t.equal(stateAfter(netlink.NUD_INCOMPLETE), undefined);
  t.equal(stateAfter(netlink.NUD_REACHABLE), 'reachable');
  t.equal(stateAfter(netlink.NUD_FAILED), undefined, 'failed: the MAC it still carries is not one');
  t.end();
});

t.test('a MAC that is none', (t) => {
  const device = vtep();
  mirrorNeighbour(device, host);
  mirrorNeighbour(device, { ...host, lladdr: hex('00000000') });
  t.same(device.neighbours.list(), [], 'four octets, as of a tunnel');
  mirrorNeighbour(device, host);
  unmirrorNeighbour(device, { ...host, lladdr: undefined });
  t.same(device.neighbours.list(), []);
  t.end();
});

t.test('a dump replaces what is mirrored and leaves what is own', (t) => {
  const device = vtep();
  device.neighbours.set({ verb: 'add', dst: '10.20.1.1', lladdr: '02:00:00:00:00:01' });
  mirrorNeighbour(device, { ...host, dst: Uint8Array.of(10, 20, 1, 9) });
  replaceNeighbours(device, [host]);
  t.match(device.neighbours.list(), [
    { dst: '10.20.1.1', origin: 'own' },
    { dst: '10.20.1.3', origin: 'kernel' },
  ]);
  t.end();
});
