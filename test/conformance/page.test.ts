/** The committed page is of the cases there are; a run can fail; frames that differ are told apart. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { vxlanPacket } from '../support/packets.js';
import { ROOT } from '../support/lab/tools.js';
import { fact, isFailure, judge, type Case } from './case.js';
import { choose, GROUPS } from './cases/index.js';
import { datagram, outerFacts, type Datagram } from './outer.js';
import { casesOf, expectedCases, page, passes } from './report.js';
import { kernelMissing } from './run.js';
import { V4 } from './cases/inner.js';

t.test('docs/conformance.md has the cases of the code, and nothing unexplained', async (t) => {
  const committed = readFileSync(join(ROOT, 'docs/conformance.md'), 'utf8');
  t.same(casesOf(committed), expectedCases(GROUPS), 'otherwise: npm run conformance');
  t.notMatch(committed, /\*\*DIFFERENT\*\*|though a reason is stated/);
});

t.test('no group has a case twice, and no two groups a title', async (t) => {
  const twice = (names: readonly string[]) => names.filter((name, i) => names.indexOf(name) !== i);
  for (const { title, cases } of GROUPS) t.same(twice(cases.map(({ what }) => what)), [], title);
  t.same(twice(GROUPS.map(({ title }) => title)), []);
});

t.test('what is chosen', async (t) => {
  t.equal(choose(false), GROUPS);
  t.same(choose(false, ['no case has these words']), []);
  const some = choose(false, ['ECN inward']);
  t.same(
    some.map(({ title }) => title),
    ['ECN inward'],
  );
  t.equal(some[0]!.cases.length, GROUPS.find(({ title }) => title === 'ECN inward')!.cases.length);
  t.ok(choose(true).length === GROUPS.length, 'the short form has something of every group');
});

t.test('an older kernel is another device', async (t) => {
  t.match(kernelMissing('6.12.3-amd64'), /6\.15 or later, this is 6\.12/);
  t.equal(kernelMissing('6.15.0'), '');
  t.equal(kernelMissing('7.0.1'), '');
});

const at: Case = { what: 'a case', run: async () => [] };

t.test('verdicts', async (t) => {
  const [one, other] = [[fact('ok')], [fact('refused: exists')]];
  const verdict = (each: Case, kernel = one, ours = one) => judge(each, kernel, ours).verdict;
  t.equal(verdict(at), 'agree');
  t.equal(verdict(at, one, other), 'different');
  t.equal(verdict({ ...at, deviation: 'why' }, one, other), 'deviation');
  t.equal(verdict({ ...at, known: 'why' }, one, other), 'known');
  t.equal(verdict({ ...at, deviation: 'why' }), 'stale', 'a reason that explains nothing');
  t.equal(verdict(at, [fact('60 octets up', '00')], [fact('60 octets up', '01')]), 'different', 'one octet');
  t.equal(verdict(at, one, [...one, fact('nothing counted')]), 'different', 'one more');
  t.same(
    ['agree', 'deviation', 'known', 'different', 'stale'].filter((v) => isFailure(v as 'agree')),
    ['different', 'stale'],
  );
});

t.test('a page says what differs, and a run with it fails', async (t) => {
  const group = { title: 'A group', says: 'Says.', cases: [at] };
  const different = [{ group, rows: [judge(at, [fact('ok')], [fact('no | ok')])] }];
  t.notOk(passes(different));
  t.match(page(different, '6.18'), '| `a case` | ok | no \\| ok | **DIFFERENT** |');
  const explained = [{ group, rows: [judge({ ...at, deviation: 'why' }, [fact('ok')], [fact('no')])] }];
  t.ok(passes(explained));
  t.match(page(explained, '6.18'), '- why (`A group: a case`)');
  t.same(casesOf(page(explained, '6.18')), expectedCases([group]));
});

const MACS = ['02:00:00:00:00:0b', '02:00:00:00:00:0a'] as const;
const V4_PARTS = { from: '192.168.100.1', to: '192.168.100.3', payload: vxlanPacket(42, V4) };
const V6_PARTS = { from: 'fd00:100::1', to: 'fd00:100::3', payload: vxlanPacket(42, V4) };

t.test('outer frames: what must be the same, what may differ, what must be right', async (t) => {
  for (const parts of [V4_PARTS, V6_PARTS] as Datagram[]) {
    const facts = (more: Partial<Datagram>) => outerFacts([datagram(MACS, { ...parts, ...more })]);
    t.same(facts({ sourcePort: 40_000 }), facts({ sourcePort: 50_000 }), 'any source port in the range');
    t.match(facts({ sourcePort: 7 })[0]!.shown, 'source port 7 outside');
    t.notSame(facts({ tos: 4 }), facts({}), 'TOS');
    t.notSame(facts({ port: 4790 }), facts({}), 'port');
    t.notSame(facts({ payload: vxlanPacket(43, V4) }), facts({}), 'VNI');
    t.match(facts({ payload: vxlanPacket(42, V4, 0x88000000) })[0]!.shown, 'flags 0x88000000');
    t.match(facts({ checksum: 'zero' })[0]!.shown, 'checksum zero');
    t.match(facts({ checksum: 'wrong' })[0]!.shown, 'checksum wrong');
  }
  const broken = datagram(MACS, V4_PARTS);
  broken[24]! ^= 1;
  t.match(outerFacts([broken])[0]!.shown, 'IP checksum wrong');
  t.same(outerFacts([Buffer.alloc(60)]), [], 'what is no UDP is not of a tunnel');
});
