import t from 'tap';
import { prefixText, routeJson, routeLine } from '../../../lib/cli/format/route.js';

t.test('lines as ip route printed them', async (t) => {
  const origin = 'own' as const;
  const onlink = { dst: '10.20.2.0/24', via: '10.20.2.0', onlink: true, origin };
  t.equal(routeLine(onlink, { dev: 'vx0' }), '10.20.2.0/24 via 10.20.2.0 dev vx0 onlink ');
  t.equal(routeLine({ dst: '10.20.3.0/24', onlink: false, origin }), '10.20.3.0/24 scope link ');
  t.equal(
    routeLine({ dst: '2001:db8::/64', onlink: false, origin }, { dev: 'vx0' }),
    '2001:db8::/64 dev vx0 ',
  );
  t.equal(routeLine(onlink, { details: true }), 'unicast 10.20.2.0/24 via 10.20.2.0 onlink origin own ');
  t.equal(
    JSON.stringify(routeJson(onlink, { dev: 'vx0' })),
    '{"dst":"10.20.2.0/24","gateway":"10.20.2.0","dev":"vx0","flags":["onlink"]}',
  );
  t.equal(
    JSON.stringify(routeJson({ dst: '10.20.3.0/24', onlink: false, origin })),
    '{"dst":"10.20.3.0/24","scope":"link","flags":[]}',
  );
});

t.test('prefixes as ip writes them', async (t) => {
  t.equal(prefixText('0.0.0.0/0'), 'default');
  t.equal(prefixText('::/0'), 'default');
  t.equal(prefixText('10.20.2.1/32'), '10.20.2.1');
  t.equal(prefixText('2001:db8::1/128'), '2001:db8::1');
  t.equal(prefixText('10.20.2.0/24'), '10.20.2.0/24');
});
