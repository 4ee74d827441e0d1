/** What we put on the underlay, read by others: tshark dissects it, libpcap (the npm package cap) captures it. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { run } from '../support/lab/command.js';
import type { Host } from '../support/lab/host.js';
import type { Lab } from '../support/lab/lab.js';
import { onEach } from '../support/lab/on-pairs.js';
import { guestAddress, guestMac, layOutSwitch, PORT, VNI } from '../support/lab/scenario/learning-switch.js';
import type { Witness } from '../support/lab/scenario/witness.js';
import { readVxlan } from '../support/lab/sniffer.js';
import { ROOT } from '../support/lab/tools.js';

const CAPTURE = join(ROOT, 'dist/test/support/lab/child/capture.js');

/** What tshark is asked for, and what it must say of every echo request of guest a. */
const FIELDS = [
  'ip.src', // outer and inner, comma-separated
  'ip.dst',
  'udp.dstport',
  'udp.checksum.status',
  'vxlan.flags',
  'vxlan.vni',
  'eth.src',
  'eth.dst',
  'ip.checksum.status',
  'icmp.type',
  'icmp.checksum.status',
  '_ws.malformed',
] as const;

/** As `tshark -T fields` writes it with all checksums verified (1 = good). */
function expectedRequest(a: Host, b: Host): Record<string, RegExp> {
  return {
    'ip.src': new RegExp(`^${a.address},${guestAddress(0)}$`),
    'ip.dst': new RegExp(`^${b.address},${guestAddress(1)}$`),
    'udp.dstport': new RegExp(`^${PORT}$`),
    'udp.checksum.status': /^1$/,
    'vxlan.flags': /^0x0800$/,
    'vxlan.vni': new RegExp(`^${VNI}$`),
    'eth.src': new RegExp(`,${guestMac(0)}$`),
    'eth.dst': new RegExp(`,${guestMac(1)}$`),
    'ip.checksum.status': /^1,1$/,
    'icmp.type': /^8$/,
    'icmp.checksum.status': /^1$/,
    '_ws.malformed': /^$/,
  };
}

/** Checksums must be finished before a frame leaves: offloads to the veth off, so nothing is left for "hardware". */
async function finishChecksums(host: Host): Promise<void> {
  await host.features('eth0', { 'tx-checksum-ip-generic': 'off' });
}

async function dissected(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await layOutSwitch(lab);
  await finishChecksums(a);
  const file = join(lab.runDirectory, 'underlay.pcap');
  const underlay = await a.sniff('eth0', { port: PORT, pcap: file, snap: 65_535 });
  await a.guests[0]!.ping(guestAddress(1), { count: 5, interval: 20_000, size: 200 });
  const bulk = await a.guests[0]!.streamTo(b.guests[0]!, { megabytes: 0.2, mode: 'check' });
  await underlay.stop();
  witness.check(bulk.ok, 'a transfer beside it', bulk);

  const verify = ['udp.check_checksum', 'ip.check_checksum', 'tcp.check_checksum'].flatMap((name) => [
    '-o',
    `${name}:TRUE`,
  ]);
  const decode = ['-d', `udp.port==${PORT},vxlan`, ...verify];
  const fields = FIELDS.flatMap((name) => ['-e', name]);
  const words = [
    'tshark',
    '-r',
    file,
    ...decode,
    '-Y',
    `ip.src==${a.address} && icmp`,
    '-T',
    'fields',
    ...fields,
  ];
  const lines = (await run(words)).stdout.split('\n').filter(Boolean);
  const expected = expectedRequest(a, b);
  const wrong = lines.flatMap((line) =>
    line
      .split('\t')
      .flatMap((value, i) => (expected[FIELDS[i]!]!.test(value) ? [] : [`${FIELDS[i]} ${value}`])),
  );
  witness.check(
    lines.length === 5 && wrong.length === 0,
    `tshark reads ${lines.length} echo requests as we meant them`,
    wrong,
  );

  const bad = '_ws.malformed || tcp.checksum.status==0 || udp.checksum.status==0 || ip.checksum.status==0';
  const complaints = (await run(['tshark', '-r', file, ...decode, '-Y', `(${bad}) && ip.src==${a.address}`]))
    .stdout;
  witness.check(
    complaints === '',
    'and finds nothing malformed and no wrong checksum in what host a sent',
    complaints.slice(0, 500),
  );
}

async function captured(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await layOutSwitch(lab);
  const capture = b.namespace.start([
    process.execPath,
    CAPTURE,
    'eth0',
    `udp dst port ${PORT} and src host ${a.address}`,
  ]);
  await capture.line(/ready/);
  await a.guests[0]!.ping(guestAddress(1), { count: 4, interval: 20_000 });
  await sleep(300);
  await capture.close();
  const frames = capture.lines
    .filter((line) => /^[0-9a-f]+$/.test(line))
    .map((hex) => Buffer.from(hex, 'hex'))
    .map((bytes) => readVxlan({ out: false, length: bytes.length, bytes }))
    .filter((frame) => frame?.ethertype === 0x0800);
  // The kernel's device takes its source ports from net.ipv4.ip_local_port_range, ours from RFC 7348's.
  const least = a.kind === 'kernel' ? 32_768 : 49_152;
  const right = frames.every(
    (frame) => frame!.vni === VNI && frame!.outerDestination === b.address && frame!.sourcePort >= least,
  );
  witness.check(
    frames.length === 4 && right,
    `libpcap sees ${frames.length} echo requests of VNI ${VNI}`,
    frames,
  );
}

async function tsharkMissing(): Promise<string> {
  const { code } = await run(['tshark', '--version'], { allowFailure: true }).catch(() => ({ code: 127 }));
  return code === 0 ? '' : 'tshark is not installed';
}

function capMissing(): string {
  try {
    createRequire(import.meta.url)('cap');
    return '';
  } catch {
    return 'the npm package cap could not be built here';
  }
}

const noTshark = await tsharkMissing();
if (noTshark) t.pass(noTshark, { skip: noTshark });
else
  await onEach(t, 'tshark', dissected, [
    ['uvtep', 'uvtep'],
    ['uvtep', 'kernel'],
    ['kernel', 'kernel'],
  ]);
const noCap = capMissing();
if (noCap) t.pass(noCap, { skip: noCap });
else
  await onEach(t, 'cap', captured, [
    ['uvtep', 'kernel'],
    ['kernel', 'kernel'],
  ]);
