/** A network of a thousand hosts, one of them real: how long it takes to know the others, and what they cost. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../lab/host.js';
import { entriesOf, FlannelLab, LARGE, madeUpLease } from './flannel-lab.js';

export const PEERS = 1_000;
/** Clock ticks a second of /proc's times: USER_HZ, 100 on every architecture Node runs on. */
const TICKS = 100;

export interface Thousand {
  /** Seconds from the start of the program until all entries were in place. */
  started: number;
  /** Seconds from the first of as many changes until all were in place. */
  changed: number;
  /** Seconds of changes in etcd among these: no daemon can be faster. */
  written: number;
  /** Entries: routes, neighbours, FDB. */
  entries: [number, number, number];
  /** Share of one CPU that `vtep flannel` takes when nothing happens, and in a storm of renewals. */
  idle: number;
  /** Writes to the tables that a thousand identical PUTs caused, as the monitor heard them. */
  stormWrites: number;
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

const leases = (addressOf: (n: number) => number) =>
  Array.from({ length: PEERS }, (_, n) => madeUpLease(n, addressOf(n)));

/** Until every peer has its route, which is installed last, and its FDB entry leads to an address that begins so. */
async function inPlace(host: Host, address: string): Promise<void> {
  const client = host.daemon();
  const routes = async (): Promise<number> => {
    const { stdout } = await host.namespace.ip('route show dev flannel.1', {
      quiet: true,
      allowFailure: true,
    });
    return stdout.split('\n').filter((line) => line.includes('onlink')).length;
  };
  const entries = async (): Promise<number> => {
    const fdb = await client.fdb('flannel.1').catch(() => []);
    return fdb.filter(({ remotes }) => remotes[0]?.dst?.startsWith(address)).length;
  };
  try {
    while ((await routes()) < PEERS || (await entries()) < PEERS) await sleep(20);
  } finally {
    client.close();
  }
}

/** Lays it out, measures, and takes it away. @param idleSeconds how long nothing happens */
export async function measureThousand(idleSeconds: number): Promise<Thousand> {
  const flannel = await FlannelLab.open(['uvtep', 'uvtep', 'uvtep'], LARGE);
  const [a] = flannel.hosts as [Host];
  const { etcd } = flannel;
  try {
    await etcd.putAll(leases((n) => n));
    const begun = performance.now();
    const daemon = flannel.begin(a);
    await inPlace(a, '172.16.');
    const started = (performance.now() - begun) / 1000;
    const entries = await entriesOf(a);

    const changing = performance.now();
    const written = etcd
      .putAll(leases((n) => n + 16 * 256))
      .then(() => (performance.now() - changing) / 1000);
    await inPlace(a, '172.16.1'); // 172.16.16.0 to 172.16.19.231
    const changed = (performance.now() - changing) / 1000;

    const client = a.daemon();
    let stormWrites = 0;
    const stream = await client.monitor(['fdb', 'neigh', 'route'], () => void stormWrites++);
    await etcd.putAll(leases((n) => n + 16 * 256));
    await sleep(500);
    stream.close();
    client.close();

    const before = cpuSeconds(daemon.pid!);
    await sleep(idleSeconds * 1000);
    const idle = (cpuSeconds(daemon.pid!) - before) / idleSeconds;
    return { started, changed, written: await written, entries, idle, stormWrites };
  } finally {
    await flannel.close();
  }
}
