import t from 'tap';
import { alternate, figureOf } from '../../perf/suite/alternate.js';
import type { Bed, Beds } from '../../perf/suite/bed.js';
import { only } from '../../perf/suite/bed.js';

const bed = (subject: Bed['subject']): Bed => ({ subject }) as Bed;
const about = { id: 'a/b', name: 'b', unit: 'u', digits: 0, better: 'more' as const };

t.test('beds take turns', async (t) => {
  const order: string[] = [];
  const told: string[] = [];
  const beds: Beds = { beds: [bed('uvtep'), bed('kernel')], missing: { vde: 'not installed' } };
  const taken = await alternate(
    beds,
    2,
    (what) => told.push(what),
    async ({ subject }) => order.push(subject),
  );
  t.same(order, ['uvtep', 'kernel', 'uvtep', 'kernel']);
  t.equal(told[3], 'kernel, round 2 of 2');
  t.same(
    figureOf(taken, about, (n) => n * 10),
    { ...about, samples: { uvtep: [10, 30], kernel: [20, 40] }, missing: { vde: 'not installed' } },
  );
});

t.test('one that fails is missing, and the others are measured', async (t) => {
  let calls = 0;
  const beds: Beds = { beds: [bed('ovs'), bed('uvtep')], missing: {} };
  const taken = await alternate(
    beds,
    3,
    () => {},
    async ({ subject }) => {
      if (subject === 'ovs' && ++calls === 2) throw new Error('the transfer broke off');
      return 1;
    },
  );
  t.equal(calls, 2, 'it is not tried again');
  t.same(taken, { samples: { uvtep: [1, 1, 1] }, missing: { ovs: 'the transfer broke off' } });
  t.same(beds.missing, {}, 'the next figure tries it again');
});

t.test('a bench sees the beds of its subjects only', async (t) => {
  const beds: Beds = { beds: [bed('uvtep'), bed('veth')], missing: { ovs: 'x', vde: 'y' } };
  t.same(only(beds, ['veth', 'vde']), { beds: [bed('veth')], missing: { vde: 'y' } });
});
