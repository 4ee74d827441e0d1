import t from 'tap';
import { pinsOf } from '../../perf/suite/pins.js';

t.test('generator and sink are kept apart where there are two processors', async (t) => {
  t.same(pinsOf('0-1'), { cpu: 0, sinkCpu: 1 });
  t.same(pinsOf('2,4-7\n'), { cpu: 2, sinkCpu: 7 });
  t.same(pinsOf('0,3'), { cpu: 0, sinkCpu: 3 });
});

t.test('and left alone where there is one', async (t) => {
  t.same(pinsOf('3'), {});
});
