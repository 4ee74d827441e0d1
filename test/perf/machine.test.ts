import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import {
  BUSY_LIMIT,
  describeMachine,
  isDisturbed,
  readJiffies,
  STOLEN_LIMIT,
  watchMachine,
  type Jiffies,
} from '../../perf/suite/machine.js';

/** A machine whose clock stands at these readings, one after the other. */
function readings(...all: Jiffies[]): () => Jiffies {
  return () => all.shift()!;
}

t.test('the watch tells what others used before and what was stolen during', async (t) => {
  const read = readings(
    { total: 1000, idle: 500, steal: 10 },
    { total: 1060, idle: 545, steal: 10 }, // 15 of 60 were not idle while we slept
    { total: 1060, idle: 545, steal: 10 },
    { total: 2060, idle: 600, steal: 110 }, // 100 of 1000 went to another machine
  );
  const watch = await watchMachine({ milliseconds: 1, looks: 1, read });
  t.equal(watch.busyBefore, 0.25);
  t.strictSame(watch.end(), { busyBefore: 0.25, stolen: 0.1 });
});

t.test('a machine that settles is waited for', async (t) => {
  let total = 0;
  let idle = 0;
  // Each look reads twice: the first finds it busy, the second idle.
  const read = () => ({ total: (total += 100), idle: (idle += total > 200 ? 100 : 0), steal: 0 });
  t.equal((await watchMachine({ milliseconds: 1, read })).busyBefore, 0);
  idle = -1e9;
  const busy = () => ({ total: (total += 100), idle: 0, steal: 0 });
  t.equal((await watchMachine({ milliseconds: 1, looks: 3, read: busy })).busyBefore, 1, 'but not for ever');
});

t.test('little is no disturbance', async (t) => {
  t.notOk(isDisturbed({ busyBefore: BUSY_LIMIT, stolen: STOLEN_LIMIT }));
  t.ok(isDisturbed({ busyBefore: BUSY_LIMIT + 0.01, stolen: 0 }));
  t.ok(isDisturbed({ busyBefore: 0, stolen: STOLEN_LIMIT + 0.01 }));
});

t.test('time that no jiffy passed in was not disturbed', async (t) => {
  const still = { total: 5, idle: 5, steal: 0 };
  const watch = await watchMachine({ milliseconds: 1, read: () => still });
  t.equal(watch.end().stolen, 0);
  t.notOk(isDisturbed(watch.end()), 'a look that is too short to tell accuses nobody');
});

t.test('this machine', async (t) => {
  const { total, idle, steal } = readJiffies();
  t.ok(total >= idle + steal && idle > 0, 'jiffies add up');
  const machine = describeMachine();
  t.ok(machine.cpus >= 1 && machine.memory > 0 && machine.kernel && machine.node && machine.host);
});

t.test('virtualisation, mitigations and governor are read where the kernel tells them', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'uvtep-machine-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  t.match(describeMachine(root), { hypervisor: undefined, mitigations: undefined, governor: undefined });
  put('proc/cpuinfo', 'processor\t: 0\nflags\t\t: fpu sse hypervisor lahf_lm\n');
  t.equal(describeMachine(root).hypervisor, 'of unknown make');
  put('sys/class/dmi/id/sys_vendor', 'QEMU\n');
  put('sys/devices/system/cpu/vulnerabilities/retbleed', 'Mitigation: untrained return thunk\n');
  put('sys/devices/system/cpu/vulnerabilities/meltdown', 'Not affected\n');
  put('sys/devices/system/cpu/cpu0/cpufreq/scaling_governor', 'powersave\n');
  t.match(describeMachine(root), { hypervisor: 'QEMU', mitigations: 'retbleed', governor: 'powersave' });
  put('sys/hypervisor/type', 'xen\n');
  put('sys/devices/system/cpu/vulnerabilities/retbleed', 'Vulnerable\n');
  t.match(describeMachine(root), { hypervisor: 'xen', mitigations: 'none' });
});
