import t from 'tap';
import { VniTable } from '../../lib/table/vni.js';
import { Random } from '../support/random.js';

t.test('an empty table finds nothing', async (t) => {
  for (const vni of [0, 1, 0xffffff]) t.equal(new VniTable().find(vni), -1);
});

t.test('0 and 16777215 are VNIs like any other', async (t) => {
  const table = new VniTable([
    [0, 5],
    [0xffffff, 0],
  ]);
  t.equal(table.find(0), 5);
  t.equal(table.find(0xffffff), 0);
  t.equal(table.find(1), -1);
});

t.test('a VNI given twice is refused', async (t) => {
  t.throws(
    () =>
      new VniTable([
        [7, 0],
        [7, 1],
      ]),
    { message: /VNI 7 is given twice/ },
  );
});

t.test('against a Map', async (t) => {
  const random = new Random(5);
  for (const size of [1, 3, 4, 5, 100, 5_000]) {
    const model = new Map<number, number>();
    while (model.size < size) model.set(random.below(2 ** 24), model.size);
    const table = new VniTable(model);
    for (const [vni, device] of model) if (table.find(vni) !== device) t.fail(`VNI ${vni}`);
    for (let i = 0; i < 1_000; i++) {
      const vni = random.below(2 ** 24);
      if (table.find(vni) !== (model.get(vni) ?? -1)) t.fail(`VNI ${vni}`);
    }
    for (let i = 0; i < size; i++) if (table.find(i) !== (model.get(i) ?? -1)) t.fail(`VNI ${i}`);
    t.pass(`${size} VNIs`);
  }
});
