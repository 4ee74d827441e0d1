/** Outer packets made by hand (raw-socket) at a VTEP: what the kernel delivers ours delivers, what it drops ours drops and counts. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { EXPERIMENT, frame, vxlan, type VxlanParts } from '../support/lab/crafted.js';
import type { Host } from '../support/lab/host.js';
import type { Lab } from '../support/lab/lab.js';
import { onEach } from '../support/lab/on-pairs.js';
import { guestMac, layOutSwitch, PORT, VNI } from '../support/lab/scenario/learning-switch.js';
import type { Witness } from '../support/lab/scenario/witness.js';
import { ROOT, type SniffedFrame } from '../support/lab/tools.js';
import { soon } from '../support/soon.js';

const SENDER = join(ROOT, 'dist/test/support/lab/child/send-raw.js');
const SOURCE = '02:77:00:00:00:01';
const VTEP_MAC = '02:88:00:00:00:01';

interface Case {
  name: string;
  delivered: boolean;
  change?: Partial<VxlanParts>;
  /** Source MAC of the inner frame. */
  source?: string;
  ethertype?: number;
  /** Inner payload; default 46 octets that begin with the case's number. */
  payload?: Buffer;
}

/** What stands behind ethertype 0x8100: tag control, the real ethertype, 42 octets. */
function tagged(vlan: number, ethertype: number): Buffer {
  const bytes = Buffer.alloc(46);
  bytes.writeUInt16BE(vlan, 0);
  bytes.writeUInt16BE(ethertype, 2);
  return bytes;
}

const CASES: readonly Case[] = [
  { name: 'well-formed', delivered: true },
  { name: 'checksum zero', delivered: true, change: { checksum: 'zero' } },
  { name: 'any source port', delivered: true, change: { sourcePort: 1 } },
  { name: 'a tag inside', delivered: true, ethertype: 0x8100, payload: tagged(5, EXPERIMENT) },
  { name: 'wrong checksum', delivered: false, change: { checksum: 'wrong' } },
  { name: 'I flag clear', delivered: false, change: { flags: 0 } },
  { name: 'a reserved flag set', delivered: false, change: { flags: 0x09 } },
  { name: 'the reserved octet set', delivered: false, change: { reserved: 1 } },
  { name: 'another VNI', delivered: false, change: { vni: VNI + 1 } },
  { name: 'seven octets of header', delivered: false, change: { cut: 7 } },
  { name: 'no inner frame', delivered: false, change: { cut: 8 } },
  { name: 'thirteen octets of inner frame', delivered: false, change: { cut: 8 + 13 } },
  { name: 'own MAC as the source', delivered: false, source: VTEP_MAC },
  { name: 'multicast source', delivered: false, source: '03:00:00:00:00:01' },
  { name: 'no source', delivered: false, source: '00:00:00:00:00:00' },
  { name: 'IPv4 cut off', delivered: false, ethertype: 0x0800, payload: Buffer.from('4500002800', 'hex') },
];

function build(a: Host, b: Host, { change, source, ethertype, payload }: Case, number: number): Buffer {
  const marked = payload ?? Buffer.alloc(46, number);
  const inner = frame(guestMac(1), source ?? SOURCE, ethertype ?? EXPERIMENT, marked);
  return vxlan(a, b, { port: PORT, vni: VNI, inner, ...change });
}

async function send(a: Host, b: Host, packets: readonly Buffer[]): Promise<void> {
  await a.namespace.exec([process.execPath, SENDER, b.address], {
    quiet: true,
    input: packets.map((packet) => `${packet.toString('hex')}\n`).join(''),
  });
}

async function eachCase(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await layOutSwitch(lab);
  await b.namespace.ip(`link set vtep0 address ${VTEP_MAC}`);
  // ours hears of the MAC by rtnetlink
  if (b.kind === 'uvtep') await soon(async () => (await b.daemon().link('vtep0')).address === VTEP_MAC);
  for (const [number, each] of CASES.entries()) {
    const packet = build(a, b, each, number);
    const guest = await b.sniff('guest0');
    const before = await reasons(b);
    const inner = packet.subarray(16);
    const isIt = (frame: SniffedFrame): boolean => frame.out && frame.bytes.equals(inner);
    const counted = async (): Promise<string[]> =>
      [...(await reasons(b))]
        .filter(([name, count]) => count > (before.get(name) ?? 0))
        .map(([name]) => name);
    const isCounted = b.kind === 'uvtep' && !each.delivered && each.change?.checksum !== 'wrong';
    await send(a, b, [packet]);
    if (each.delivered) await soon(() => guest.frames().some(isIt));
    if (isCounted) await soon(async () => (await counted()).length > 0);
    await sleep(30);
    const seen = (await guest.stop()).filter(isIt).length;
    witness.check(
      seen === (each.delivered ? 1 : 0),
      `${each.name}: ${each.delivered ? 'delivered' : 'dropped'}`,
      seen,
    );
    if (!isCounted) continue;
    const names = await counted();
    witness.check(names.length >= 1, `${each.name}: counted as ${names.join(', ')}`);
  }
}

/** Drop reasons: the device's, and those of datagrams no device could be charged with. Empty for the kernel. */
async function reasons(host: Host): Promise<Map<string, number>> {
  if (host.kind === 'kernel') return new Map();
  const { reasons } = await host.daemon().statistics('vtep0');
  const unclaimed = (await host.metrics()).matchAll(/^vtep_unclaimed_drops_total\{reason="(\w+)"\} (\d+)$/gm);
  return new Map([
    ...Object.entries(reasons),
    ...[...unclaimed].map(([, name, count]) => [name!, Number(count)] as const),
  ]);
}

function missing(): string {
  try {
    createRequire(import.meta.url)('raw-socket');
    return existsSync(SENDER) ? '' : 'not built';
  } catch {
    return 'the npm package raw-socket could not be built here';
  }
}

const why = missing();
if (why) t.pass(why, { skip: why });
else
  await onEach(t, 'crafted', eachCase, [
    ['kernel', 'uvtep'],
    ['kernel', 'kernel'],
  ]);
