/** 100,000 small datagrams a second pass without loss, and the daemon stays small. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { layOutSwitch } from '../support/lab/scenario/learning-switch.js';

/** A test beside this one may take the CPU for a moment: a machine that is ours alone for one run of twelve is enough. */
const RUNS = 12;
const ENOUGH = 98;
const MEGABYTES = 120;

await onEach(
  t,
  'load',
  async (lab, witness) => {
    await layOutSwitch(lab);
    const [from, to] = lab.hosts.map((host) => host.guests[0]!);
    await from!.ping(to!.address, { count: 2, interval: 30_000 });
    let lost = Infinity;
    let offered = 0;
    for (let run = 0; run < RUNS && (lost > 0 || offered < ENOUGH); run++) {
      const result = await from!.datagramsTo(to!, { seconds: 2, size: 64, kpps: 100 });
      if (result.offeredKpps < Math.min(offered, ENOUGH)) continue;
      offered = result.offeredKpps;
      lost = result.lost;
      const passed = `${result.delivered} of ${result.sent} delivered at ${result.offeredKpps.toFixed(0)} kpps`;
      witness.check(result.duplicated === 0, `nothing is duplicated (${passed})`, result);
    }
    if (offered < ENOUGH)
      witness.step(`the machine was too busy to send 100 kpps: only ${offered.toFixed(0)} were tried`);
    witness.check(lost === 0, `${offered.toFixed(0)} kpps of 64 octets pass without loss`, lost);
    for (const host of lab.hosts.filter((each) => each.kind === 'uvtep')) {
      const { pid } = await host.daemon().daemon();
      const rss =
        (Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024) / 1e6;
      witness.check(rss <= MEGABYTES, `the daemon holds ${rss.toFixed(0)} MB, at most ${MEGABYTES}`, rss);
    }
  },
  [['uvtep', 'uvtep']],
);
