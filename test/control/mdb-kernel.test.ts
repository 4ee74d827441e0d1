/**
 * The multicast database beside a kernel vxlan device that is told the same, by rtnetlink itself (the stock `bridge` may
 * be too old to speak of it): same verdicts, same messages octet for octet, same order (cases of test_vxlan_mdb.sh).
 */
import t from 'tap';
import { addressBytes } from '../../lib/control/address.js';
import { mdbMessage } from '../../lib/control/notify.js';
import type { MdbDelete, MdbFlush, MdbKey, MdbRequest, VtepEvent } from '../../lib/engine/types.js';
import { VtepError } from '../../lib/errors.js';
import { errnoName } from '../../lib/native/errno.js';
import { buildMessage, NLM_F_REQUEST, viewOf } from '../../lib/native/netlink/message.js';
import { RTNLGRP_MDB } from '../../lib/native/netlink/groups.js';
import { ask, getLink } from '../../lib/native/netlink/request.js';
import type { Shim } from '../../lib/native/shim.js';
import { NEEDS_ROOT, shimIn } from '../support/kernel-shim.js';
import { Namespace } from '../support/lab/namespace.js';
import { type MdbFields, mdbRequest, type MdbVerb } from '../support/mdb-request.js';
import { MemoryHost } from '../support/memory-host.js';

/** Messages of RTNLGRP_MDB, hexadecimal. */
class Listener {
  readonly #shim: Shim;
  readonly #fd: number;

  constructor(shim: Shim) {
    this.#shim = shim;
    this.#fd = shim.netlinkOpen([RTNLGRP_MDB]);
  }

  take(): string[] {
    const buffer = new Uint8Array(65_536);
    const taken: string[] = [];
    for (let got = 1; (got = this.#shim.netlinkReceive(this.#fd, buffer)) > 0;)
      taken.push(Buffer.from(buffer.subarray(0, got)).toString('hex'));
    return taken;
  }

  close(): void {
    this.#shim.close(this.#fd);
  }
}

/** Our VTEP and the kernel's device, told the same. */
class Both {
  readonly #shim: Shim;
  readonly #ifindex: number;
  readonly #via: number;
  readonly #listener: Listener;
  readonly #host: MemoryHost;

  constructor(shim: Shim, local: string) {
    this.#shim = shim;
    this.#ifindex = getLink(shim, 'vx0')?.ifindex ?? 0;
    this.#via = getLink(shim, 'eth1')?.ifindex ?? 0;
    this.#host = new MemoryHost({ id: 42, local });
    this.#listener = new Listener(shim);
  }

  /** Verdict and messages of both. */
  do(verb: MdbVerb, fields: MdbFields): { ours: string[]; theirs: string[] } {
    const { result } = ask(this.#shim, mdbRequest(verb, fields, this.#ifindex, this.#via));
    const theirs = [result < 0 ? (errnoName(result) ?? String(result)) : 'ok', ...this.#listener.take()];
    const verdict = this.#tell(verb, fields);
    const device = { ifindex: this.#ifindex, vni: 42, destination: undefined, vnifilter: false };
    const messages = this.#host
      .events()
      .filter((event): event is Extract<VtepEvent, { type: 'mdb' }> => event.type === 'mdb')
      .map((event) => mdbMessage(event, device, event.remote.via === undefined ? undefined : this.#via));
    return { ours: [verdict, ...messages.map((message) => Buffer.from(message).toString('hex'))], theirs };
  }

  #tell(verb: MdbVerb, fields: MdbFields): string {
    const { mdb } = this.#host.vtep;
    try {
      if (verb === 'flush') mdb.flush(fields as MdbFlush);
      else if (verb === 'delete') mdb.delete(fields as MdbDelete);
      else mdb.set({ verb, ...fields } as MdbRequest);
      return 'ok';
    } catch (error) {
      return (error as VtepError).errno ?? String(error);
    }
  }

  /** Group, source and destination of every remote, in the order of a dump. */
  list(): { ours: string[]; theirs: string[] } {
    const head = new Uint8Array(8);
    head[0] = 7;
    viewOf(head).setUint32(4, this.#ifindex, true);
    const { messages } = ask(this.#shim, buildMessage(86, NLM_F_REQUEST | 0x300, head));
    const ours = this.#host.vtep.mdb
      .list()
      .flatMap((entry) => entry.remotes.map(({ dst }) => keyText(entry, dst)));
    return { ours, theirs: messages.flatMap(({ body }) => [...dumped(body)]) };
  }

  close(): void {
    this.#listener.close();
  }
}

const keyText = ({ group }: MdbKey, dst: string): string =>
  `${Buffer.from(addressBytes(group)).toString('hex')} ${Buffer.from(addressBytes(dst)).toString('hex')}`;

/** Type and payload of attributes that may repeat. */
function* nested(payload: Uint8Array): Iterable<[number, Uint8Array]> {
  const view = viewOf(payload);
  for (let at = 0; at + 4 <= payload.length;) {
    const length = view.getUint16(at, true);
    yield [view.getUint16(at + 2, true) & 0x3fff, payload.subarray(at + 4, at + length)];
    at += (length + 3) & ~3;
  }
}

function* dumped(body: Uint8Array): Iterable<string> {
  for (const [, entries] of nested(body.subarray(8)))
    for (const [, infos] of nested(entries))
      for (const [, info] of nested(infos)) {
        const isIpv4 = viewOf(info).getUint16(24) === 0x0800;
        const group = info.subarray(8, isIpv4 ? 12 : 24);
        const dst = [...nested(info.subarray(28))].find(([type]) => type === 6)?.[1] ?? new Uint8Array();
        yield `${Buffer.from(group).toString('hex')} ${Buffer.from(dst).toString('hex')}`;
      }
}

for (const [underlay, local, a, b] of [
  ['IPv4', '192.0.2.1', '198.51.100.1', '198.51.100.2'],
  ['IPv6', '2001:db8::1', '2001:db8:1::1', '2001:db8:1::2'],
] as const) {
  t.test(`verdicts, messages and order over ${underlay}`, { skip: NEEDS_ROOT }, async (t) => {
    const ns = await Namespace.create(`mdb${underlay}`);
    t.teardown(() => ns.close());
    const kernel = await ns.ip(`link add vx0 type vxlan id 42 dstport 4789 local ${local}`, {
      allowFailure: true,
    });
    if (kernel.code !== 0) return t.pass('the kernel has no vxlan device to compare with');
    await ns.ip('link add eth1 type veth peer name eth2');
    const both = new Both(shimIn(ns.path), local);
    t.teardown(() => both.close());
    const same = (name: string, verb: MdbVerb, fields: MdbFields): void => {
      const { ours, theirs } = both.do(verb, fields);
      t.same(ours, theirs, name);
    };
    if (both.do('add', { group: '239.9.9.9', dst: a }).theirs[0] === 'EOPNOTSUPP')
      return t.pass('the kernel has no multicast database for vxlan');
    both.do('flush', {});

    for (const [family, grp, [s1, s2, s3], zero] of [
      ['IPv4', '239.1.1.1', ['192.0.2.129', '192.0.2.130', '192.0.2.131'], '0.0.0.0'],
      ['IPv6', 'ff0e::1', ['2001:db8:100::1', '2001:db8:100::2', '2001:db8:100::3'], '::'],
    ] as const) {
      const sources = (...list: string[]): MdbFields => ({
        group: grp,
        dst: a,
        filterMode: 'exclude',
        sources: list,
      });
      for (const key of [{ group: grp }, { group: grp, source: s1 }, { group: zero }]) {
        const name = (what: string): string => `${family} ${JSON.stringify(key)}: ${what}`;
        const remote = { ...key, dst: a };
        same(name('add'), 'add', remote);
        same(name('add again'), 'add', remote);
        same(name('replace'), 'replace', remote);
        same(name('protocol'), 'replace', { ...remote, protocol: 123 });
        same(name('port, VNI, interface'), 'replace', { ...remote, port: 1_234, vni: 1_234, via: 'eth1' });
        same(name("the device's port and VNI"), 'replace', { ...remote, port: 4_789, vni: 42 });
        same(name('another remote'), 'add', { ...key, dst: b });
        t.same(both.list().ours, both.list().theirs, name('order'));
        same(name('delete a remote that is not there'), 'delete', { ...key, dst: local });
        same(name('delete'), 'delete', remote);
        same(name('delete the last'), 'delete', { ...key, dst: b });
        same(name('delete again'), 'delete', { ...key, dst: b });
        same(name('filter mode'), 'add', { ...remote, filterMode: 'exclude' });
        same(name('sources without mode'), 'add', { ...remote, sources: [s1] });
        same(name('empty include'), 'add', { ...remote, filterMode: 'include' });
        same(name('clear'), 'flush', {});
        same(name('a protocol below static'), 'add', { ...remote, protocol: 3 });
      }
      same(`${family}: a unicast group`, 'add', { group: s1, dst: a });
      same(`${family}: a group source`, 'add', { group: grp, source: grp, dst: a });
      same(`${family}: a group in the list`, 'add', sources(grp));
      same(`${family}: exclude`, 'add', sources(s1, s2, s3));
      same(`${family}: exclude the same`, 'replace', sources(s1, s2, s3));
      same(`${family}: exclude fewer`, 'replace', sources(s1, s3));
      same(`${family}: include`, 'replace', { ...sources(s3, s2), filterMode: 'include' });
      same(`${family}: a source by hand, taken`, 'add', { group: grp, source: s2, dst: a });
      same(`${family}: a source by hand`, 'add', { group: grp, source: s2, dst: b });
      t.same(both.list().ours, both.list().theirs, `${family}: order with sources`);
      same(`${family}: delete a listed source by hand`, 'delete', { group: grp, source: s3, dst: a });
      same(`${family}: delete (*, G)`, 'delete', { group: grp, dst: a });
      t.same(both.list().ours, both.list().theirs, `${family}: what is left`);
      same(`${family}: all gone`, 'flush', {});
      for (const [i, filter] of [
        { dst: a },
        { port: 1_111 },
        { vni: 7 },
        { vni: 42 },
        { protocol: 186 },
        { dst: b, vni: 42 },
      ].entries()) {
        same(`${family}: fill ${i}`, 'add', sources(s1));
        same(`${family}: fill ${i} more`, 'add', { group: grp, dst: b, port: 1_111, vni: 7, protocol: 186 });
        same(`${family}: fill ${i} another`, 'add', { group: zero, dst: b });
        same(`${family}: flush ${JSON.stringify(filter)}`, 'flush', filter);
        t.same(
          both.list().ours,
          both.list().theirs,
          `${family}: what flush ${JSON.stringify(filter)} leaves`,
        );
        both.do('flush', {});
      }
    }
  });
}
