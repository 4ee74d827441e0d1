import t from 'tap';
import { busyTime, machineTime, processTime, sum, timed } from '../../perf/suite/cpu-time.js';

const STAT = `cpu  200 50 100 1000 20 10 40 30 0 0
cpu0 100 25 50 500 10 5 20 15 0 0
cpu1 100 25 50 500 10 5 20 15 0 0
intr 12345
`;

t.test(
  'the machine: nice is user time, interrupts are system time, stolen time is nobody here',
  async (t) => {
    t.same(machineTime(STAT, 100), { user: 2.5, system: 1.5, unused: 10.5, cpus: 2 });
  },
);

t.test('busy is what was not idle, parted as the ticks say', async (t) => {
  const from = { user: 0, system: 0, unused: 0, cpus: 2 };
  const to = { user: 0.1, system: 0.3, unused: 8, cpus: 2 };
  const { user, system } = busyTime(from, to, 5);
  t.equal(user, 0.5, 'of 10 s of two CPUs 8 were idle; ticks saw a quarter of the rest in user mode');
  t.equal(system, 1.5);
  t.same(busyTime(from, { ...from, unused: 10.01 }, 5), { user: 0, system: 0 }, 'never less than nothing');
});

t.test('a process whose name tries to look like fields', async (t) => {
  const text = '7 (a) R 1 (b c) S 1 7 7 0 -1 4194304 100 0 0 0 250 125 0 0 20 0 1 0 100 1000 10';
  t.same(processTime(text, 100), { user: 2.5, system: 1.25 });
});

t.test('work is seen, in the machine and in the process', async (t) => {
  const { result, machine, processes } = await timed([process.pid], async () => {
    for (const end = performance.now() + 300; performance.now() < end;);
    return 'done';
  });
  t.equal(result, 'done');
  t.ok(sum(processes) >= 0.15 && sum(processes) <= 0.5, `the process: ${sum(processes)}`);
  t.ok(sum(machine) >= 0.2, `the machine: ${sum(machine)}`);
});
