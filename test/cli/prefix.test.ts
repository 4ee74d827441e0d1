import t from 'tap';
import { contains, wholeFamily } from '../../lib/cli/prefix.js';

t.test('contains', async (t) => {
  t.ok(contains('10.20.0.0/16', '10.20.2.0/24'));
  t.ok(contains('10.20.2.0/24', '10.20.2.255'));
  t.ok(contains('0.0.0.0/0', '10.20.2.1'));
  t.ok(contains('2001:db8::/32', '2001:db8:1::/48'));
  t.ok(contains('10.20.2.1/32', '10.20.2.1'));
  t.notOk(contains('10.20.2.0/24', '10.20.0.0/16'), 'the wider lies not in the narrower');
  t.notOk(contains('10.20.2.0/24', '10.20.3.0'));
  t.notOk(contains('0.0.0.0/0', '2001:db8::1'), 'another family');
});

t.test('default is of a family', async (t) => {
  t.equal(wholeFamily('default', 4), '0.0.0.0/0');
  t.equal(wholeFamily('default', 6), '::/0');
  t.equal(wholeFamily('10.0.0.0/8', 6), '10.0.0.0/8');
});
