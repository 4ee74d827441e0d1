import fc from 'fast-check';
import t from 'tap';
import {
  chooseSubnet,
  firstHost,
  freeSubnets,
  isInRange,
  overlaps,
  parseSubnet,
  subnetText,
} from '../../lib/flannel/subnet.js';
import type { SubnetRange } from '../../lib/flannel/types.js';

const RANGE: SubnetRange = {
  network: '10.5.0.0/16',
  subnetLength: 24,
  subnetMin: '10.5.1.0',
  subnetMax: '10.5.255.0',
};
const RANGE6: SubnetRange = {
  network: 'fd05::/48',
  subnetLength: 64,
  subnetMin: 'fd05:0:0:1::',
  subnetMax: 'fd05:0:0:ffff::',
};

const subnets = (...texts: string[]) => texts.map((text) => parseSubnet(text)!);
const texts = (list: ReturnType<typeof freeSubnets>) => list.map(subnetText);

t.test('a subnet from text and back', async (t) => {
  t.equal(subnetText(parseSubnet('10.5.100.1/24')!), '10.5.100.0/24');
  t.equal(subnetText(parseSubnet('FD05:0:0:29::1/64')!), 'fd05:0:0:29::/64');
  t.equal(subnetText(parseSubnet('255.255.255.255/0')!), '0.0.0.0/0');
  for (const text of [
    '',
    '10.5.0.0',
    '10.5.0.0/',
    '/24',
    '10.5.0.0/33',
    'fd05::/129',
    '10.5.0/24',
    '10.5.0.0/2x',
  ])
    t.equal(parseSubnet(text), undefined, text);
  t.equal(firstHost('10.5.100.0/24'), '10.5.100.1/24');
  t.equal(firstHost('fd05:0:0:29::/64'), 'fd05:0:0:29::1/64');
});

t.test('the first free subnets, at most 100', async (t) => {
  const free = texts(freeSubnets(RANGE, []));
  t.equal(free.length, 100);
  t.same([free[0], free[99]], ['10.5.1.0/24', '10.5.100.0/24']);
  t.same(texts(freeSubnets(RANGE, subnets('10.5.1.0/24', '10.5.3.128/25', '10.5.4.0/22', 'fd05::/16'), 3)), [
    '10.5.2.0/24',
    '10.5.8.0/24',
    '10.5.9.0/24',
  ]);
  t.same(freeSubnets(RANGE, subnets('10.0.0.0/8')), []);
  t.equal(
    texts(freeSubnets(RANGE6, subnets('fd05::/49')))[0],
    'fd05:0:0:8000::/64',
    'what is large is stepped over',
  );
});

t.test('a subnet is preferred only when it may be had', async (t) => {
  const none = () => 0;
  t.equal(chooseSubnet(RANGE, [], [undefined, '10.5.9.1/24'], none), '10.5.9.0/24', 'as subnet.env has it');
  t.equal(chooseSubnet(RANGE, subnets('10.5.9.0/24'), ['10.5.9.0/24', '10.5.8.0/24'], none), '10.5.8.0/24');
  for (const bad of ['10.5.9.0/25', '10.5.0.0/24', '10.6.1.0/24', 'fd05:0:0:1::/64', 'nonsense'])
    t.equal(chooseSubnet(RANGE, [], [bad], none), '10.5.1.0/24', bad);
  t.equal(
    chooseSubnet(RANGE, [], [], () => 0.999),
    '10.5.100.0/24',
  );
  t.equal(chooseSubnet(RANGE, subnets('10.5.0.0/16'), [], none), undefined);
});

t.test('what is chosen is always free and in the range', async () => {
  const small: SubnetRange = {
    network: '10.5.0.0/24',
    subnetLength: 28,
    subnetMin: '10.5.0.16',
    subnetMax: '10.5.0.240',
  };
  const taken = fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 })));
  fc.assert(
    fc.property(taken, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (list, random) => {
      const others = subnets(...list.map(([last, length]) => `10.5.0.${last}/${length}`));
      const all = Array.from({ length: 15 }, (_, i) => parseSubnet(`10.5.0.${16 + 16 * i}/28`)!);
      const free = all.filter((subnet) => !others.some((other) => overlaps(other, subnet)));
      const chosen = chooseSubnet(small, others, [], () => random);
      if (chosen === undefined) return free.length === 0;
      return isInRange(small, parseSubnet(chosen)!) && free.map(subnetText).includes(chosen);
    }),
  );
});
