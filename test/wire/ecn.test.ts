import t from 'tap';
import { CE, decapsulate, ECN_DROP, ECT_0, ECT_1, encapsulate, NOT_ECT } from '../../lib/wire/ecn.js';

t.test('ingress keeps the mark, CE starts over as ECT(0)', async (t) => {
  t.equal(encapsulate(0, NOT_ECT), 0);
  t.equal(encapsulate(0, ECT_1), 1);
  t.equal(encapsulate(0, ECT_0), 2);
  t.equal(encapsulate(0, CE), 2);
  t.equal(encapsulate(0xbb, NOT_ECT), 0xb8, 'the configured low bits are replaced');
  t.equal(encapsulate(0xfc, CE), 0xfe);
});

t.test('egress: all sixteen combinations', async (t) => {
  // Row: inner; column: outer Not-ECT, ECT(1), ECT(0), CE, in the order of their values.
  const table = [
    [NOT_ECT, NOT_ECT, NOT_ECT, ECN_DROP],
    [ECT_1, ECT_1, ECT_1, CE],
    [ECT_0, ECT_1, ECT_0, CE],
    [CE, CE, CE, CE],
  ];
  for (const [inner, row] of table.entries()) {
    t.same(
      row.map((_, outer) => decapsulate(outer, inner)),
      row,
      `inner ${inner}`,
    );
  }
});
