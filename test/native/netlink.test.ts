import { execFileSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import t from 'tap';
import { EAGAIN, EINVAL, EMSGSIZE, ENOENT } from '../../lib/native/errno.js';
import { load } from '../../lib/native/shim.js';
import { needsRoot } from './burst.js';

const shim = load();
const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const RTM_NEWNEIGH = 28;
const NLMSG_DONE = 3;
const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
const RTNLGRP_LINK = 1;
const RTNLGRP_NEIGH = 3;

/** A message of one family header, zero but for the netlink header (netlink(7)). */
function message(type: number, flags: number, length: number): Uint8Array {
  const bytes = new Uint8Array(16 + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  return bytes;
}

/** Types of all messages that wait in a socket. */
function receiveTypes(fd: number): number[] {
  const buffer = new Uint8Array(65_536);
  const types: number[] = [];
  for (;;) {
    const length = shim.netlinkReceive(fd, buffer);
    if (length < 0) return types;
    const view = new DataView(buffer.buffer);
    for (let at = 0; at < length; at += (view.getUint32(at, true) + 3) & ~3)
      types.push(view.getUint16(at + 4, true));
  }
}

t.test('a dump of links', async (t) => {
  const fd = shim.netlinkOpen([]);
  t.teardown(() => shim.close(fd));
  const request = message(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 16);
  t.equal(shim.netlinkReceive(fd, new Uint8Array(64)), EAGAIN);
  t.equal(shim.netlinkSend(fd, request, 0), request.length);
  const types = receiveTypes(fd);
  t.equal(types.pop(), NLMSG_DONE);
  t.ok(types.length >= Object.keys(networkInterfaces()).length);
  t.ok(types.every((type) => type === RTM_NEWLINK));
});

t.test('a message that does not fit is told', async (t) => {
  const fd = shim.netlinkOpen([]);
  t.teardown(() => shim.close(fd));
  shim.netlinkSend(fd, message(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 16), 0);
  t.equal(shim.netlinkReceive(fd, new Uint8Array(8)), EMSGSIZE);
});

t.test('groups and namespaces that are none', async (t) => {
  t.equal(shim.netlinkOpen([0xffff]), EINVAL);
  t.equal(shim.netlinkOpen([1], '/run/netns/there-is-none'), ENOENT);
  const fd = shim.netlinkOpen([]);
  t.teardown(() => shim.close(fd));
  t.equal(shim.netlinkSend(fd, message(RTM_NEWNEIGH, 0, 12), 33), EINVAL);
});

t.test('in a namespace', { skip: needsRoot }, async (t) => {
  const name = `vt${process.pid}-netlink`;
  const ip = (...words: string[]) => execFileSync('ip', words, { stdio: 'pipe' });
  ip('netns', 'add', name);
  const remove = () => ip('netns', 'del', name);
  process.once('exit', remove);
  const listener = shim.netlinkOpen([RTNLGRP_LINK, RTNLGRP_NEIGH], `/run/netns/${name}`);
  const other = shim.netlinkOpen([], `/run/netns/${name}`);
  t.teardown(() => {
    process.removeListener('exit', remove);
    [listener, other].forEach((fd) => shim.close(fd));
    remove();
  });
  t.equal(shim.netlinkReceive(listener, new Uint8Array(64)), EAGAIN);
  ip('-n', name, 'link', 'add', 'dummy0', 'type', 'bridge');
  t.ok(receiveTypes(listener).includes(RTM_NEWLINK), 'a group tells what happens');
  const notification = message(RTM_NEWNEIGH, 0, 12);
  t.equal(shim.netlinkSend(other, notification, RTNLGRP_NEIGH), notification.length);
  t.same(receiveTypes(listener), [RTM_NEWNEIGH], 'and what another process tells it');
  t.same(receiveTypes(other), [], 'without an answer of the kernel');
});
