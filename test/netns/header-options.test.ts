/** gbp, gpe, reserved bits and socket sharing on the wire, beside the kernel's device and with it as peer. */
import t from 'tap';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kind } from '../support/lab/dialect.js';
import type { Host } from '../support/lab/host.js';
import type { Lab } from '../support/lab/lab.js';
import { onEach } from '../support/lab/on-pairs.js';
import { innerFrame, payload, pingFrom, received, sendPayloads } from '../support/lab/payloads.js';
import { guestAddress, layOutSwitch, PORT, VNI } from '../support/lab/scenario/learning-switch.js';
import type { Witness } from '../support/lab/scenario/witness.js';
import { soon } from '../support/soon.js';

const WITH_KERNEL: Kind[][] = [
  ['uvtep', 'kernel'],
  ['kernel', 'kernel'],
];
const I_FLAG = 0x08000000;
const SOURCE = '02:77:00:00:00:01';

/** Every header with one bit turned over: how many are delivered and how many are errors, by the device's options. */
const BITS = [
  { link: '', expected: { packets: 0, errors: 31 + 8 } },
  // G and the low 24 bits are in use; 6 flags and the last octet are not.
  { link: 'gbp', expected: { packets: 25, errors: 6 + 8 } },
];

async function eachBit(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  const all = Array.from({ length: 64 }, (_, bit) => {
    const [first, second] = bit < 32 ? [0x80000000 >>> bit, 0] : [0, 0x80000000 >>> (bit - 32)];
    return payload(I_FLAG ^ first, (VNI << 8) ^ second, innerFrame(SOURCE));
  });
  for (const { link, expected } of BITS) {
    await a.vtep(`link add vtep0 type vxlan id ${VNI} dstport ${PORT} ${link}`.trim());
    await a.namespace.ip('link set vtep0 up');
    await sendPayloads(b, a.address, PORT, all);
    const done = async (): Promise<boolean> => (await received(a, 'vtep0')).errors >= expected.errors;
    await soon(done);
    const got = await received(a, 'vtep0');
    witness.check(
      got.packets === expected.packets && got.errors === expected.errors,
      `'${link}': 64 headers, one bit wrong in each: ${JSON.stringify(expected)}`,
      got,
    );
    await a.vtep('link del vtep0');
  }
}

async function groupPolicy(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await layOutSwitch(lab, { link: 'gbp' });
  const reached = async (): Promise<boolean> =>
    (await a.guests[0]!.ping(guestAddress(1), { count: 3, interval: 20_000 })).received > 0;
  witness.check(await reached(), 'a ping between gbp devices');
  if (a.kind !== 'uvtep') return;
  await a.vtep('link set vtep0 type vxlan gbp-id 4660');
  const underlay = await b.sniff('eth0', { port: PORT });
  witness.check(await reached(), 'and with an id in one direction');
  const words = (await underlay.stop())
    .filter((frame) => !frame.out && frame.bytes.readUInt16BE(14 + 20 + 2) === PORT)
    .map((frame) => frame.bytes.readUInt32BE(14 + 20 + 8).toString(16));
  witness.check(words.length > 0 && words.every((word) => word === '88001234'), 'G, I and the id', words);
}

/** The kernel's gpe device is a layer 3 one: it takes our header, and we refuse what is no Ethernet frame. */
async function gpe(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await a.vtep(`link add vtep0 type vxlan id ${VNI} gpe dstport 4790 remote ${b.address}`);
  await b.namespace.ip('link add gpe0 type vxlan gpe external dstport 4790');
  for (const words of ['addr add 10.77.0.1/24 dev gpe0', 'link set gpe0 up']) await b.namespace.ip(words);
  await b.namespace.ip(`route add 10.78.0.0/24 encap ip id ${VNI} dst ${a.address} dev gpe0`);
  await a.namespace.ip('link set vtep0 up');

  const before = await received(b, 'gpe0');
  await a.namespace.ip('addr add 10.79.0.1/24 dev vtep0');
  await a.namespace.ip('neigh add 10.79.0.2 lladdr 02:00:00:00:00:99 dev vtep0');
  await pingFrom(a, '10.79.0.2');
  const arrived = async (): Promise<boolean> => (await received(b, 'gpe0')).packets >= before.packets + 3;
  witness.check(
    await soon(arrived),
    'the kernel takes our Ethernet frames in GPE',
    await received(b, 'gpe0'),
  );

  await pingFrom(b, '10.78.0.1');
  const refused = async (): Promise<number> =>
    (await a.daemon().statistics('vtep0')).reasons['gpe_protocol'] ?? 0;
  witness.check(
    await soon(async () => (await refused()) >= 3),
    'ours counts its IPv4 packets',
    await refused(),
  );
  await sendPayloads(b, a.address, 4790, [payload(0x0c000003, VNI << 8, innerFrame(SOURCE))]);
  const got = async (): Promise<boolean> => (await received(a, 'vtep0')).packets === 1;
  witness.check(await soon(got), 'and takes an Ethernet frame');
}

/** One port, one set of receive flags: both kinds make the second device, and neither brings it up. */
async function sharing(lab: Lab, witness: Witness): Promise<void> {
  const [a] = lab.hosts as [Host];
  await a.vtep(`link add vtep0 type vxlan id ${VNI} dstport ${PORT}`);
  await a.namespace.ip('link set vtep0 up');
  const twin = await a.vtep(`link add vtep1 type vxlan id ${VNI} dstport ${PORT} gbp`, {
    allowFailure: true,
  });
  witness.check(twin.code === 0, 'the same VNI with other receive flags can be made', twin);
  const up = await a.vtep('link set vtep1 up', { allowFailure: true });
  witness.check(
    up.code !== 0 && /Address already in use/.test(up.stderr),
    'and not brought up: address in use',
    up,
  );
  const same = await a.vtep(`link add vtep2 type vxlan id ${VNI} dstport ${PORT} gbp`, {
    allowFailure: true,
  });
  witness.check(
    same.code !== 0 && /VXLAN device with the specified VNI already exists/.test(same.stderr),
    'VNI, port and flags taken',
    same,
  );
  await a.namespace.ip('link set vtep0 down');
  await sleep(50);
  const free = await a.vtep('link set vtep1 up', { allowFailure: true });
  witness.check(free.code === 0, 'with the first one down the port is free', free);
}

await onEach(t, 'one bit of the header', eachBit, WITH_KERNEL);
await onEach(t, 'group policy', groupPolicy);
await onEach(t, 'gpe', gpe, [['uvtep', 'kernel']]);
await onEach(t, 'receive flags of one port', sharing, [
  ['uvtep', 'uvtep'],
  ['kernel', 'kernel'],
]);
