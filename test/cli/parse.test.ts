import t from 'tap';
import { CommandFailure } from '../../lib/cli/failure.js';
import { forms as fdbForms } from '../../lib/cli/options/fdb.js';
import { forms as flannelExtForms } from '../../lib/cli/options/flannel-ext.js';
import { forms as linkForms } from '../../lib/cli/options/link.js';
import type { Form } from '../../lib/cli/options/word.js';
import { expectation, findWord, parseWords } from '../../lib/cli/parse.js';

const formOf = (forms: readonly Form[], verb: string): Form => {
  const form = forms.find((candidate) => candidate.verbs.includes(verb));
  if (form === undefined) throw new Error(`no form ${verb}`);
  return form;
};
const linkAdd = formOf(linkForms, 'add');
const fdbAdd = formOf(fdbForms, 'add');

const parse = (form: Form, line: string, object = 'link') => {
  const words = line.split(' ').filter((word) => word !== '');
  return parseWords(form, [object, form.verbs[0] ?? '', ...words], words, () => 1);
};
const failure = (form: Form, line: string, object?: string): string => {
  try {
    parse(form, line, object);
  } catch (error) {
    if (error instanceof CommandFailure && error.exit === 1) return error.message;
    throw error;
  }
  return '';
};

t.test('words in any order, the key with or without its word', async (t) => {
  const expected = { mac: 'e6:4b:f9:ce:d7:7b', dst: '192.0.2.3', dev: 'vx0', state: 'static', router: true };
  for (const line of [
    'e6:4b:f9:ce:d7:7b dst 192.0.2.3 dev vx0 static router',
    'dev vx0 router dst 192.0.2.3 to e6:4b:f9:ce:d7:7b static',
    'static dev vx0 e6:4b:f9:ce:d7:7b router dst 192.0.2.3',
    'stat dev vx0 e6:4b:f9:ce:d7:7b rou dst 192.0.2.3',
  ])
    t.same(parse(fdbAdd, line), expected, line);
});

t.test('after "type vxlan" the words are the VXLAN ones', async (t) => {
  t.same(parse(linkAdd, 'link eth1 vx0 mtu 1400 type vxlan id 5 dev eth0 srcport 5000 6000 nolearn'), {
    link: 'eth1',
    name: 'vx0',
    mtu: 1400,
    type: 'vxlan',
    id: 5,
    dev: 'eth0',
    srcport: [5000, 6000],
    learning: false,
  });
  t.match(failure(linkAdd, 'vx0 type vxlan id 5 mtu 1400'), /^Error: "mtu" stands before "type vxlan"$/);
});

t.test('abbreviations: a whole word wins, then the first in table order', async (t) => {
  t.same(parse(linkAdd, 'vx0 type vxlan vni 5 l 192.0.2.1 dst 4789').local, '192.0.2.1');
  const list = [{ names: ['local'] }, { names: ['label'] }, { names: ['l'] }];
  const find = (text: string) => findWord(list, (item) => item.names, text)?.names[0];
  t.equal(find('l'), 'l');
  t.equal(find('lo'), 'local');
  t.equal(find('la'), 'label');
  t.equal(find(''), undefined);
});

t.test('a repeated word is refused', async (t) => {
  t.equal(failure(linkAdd, 'vx0 type vxlan id 1 id 2'), 'Error: duplicate "id": "2" is the second value.');
  t.equal(
    failure(linkAdd, 'vx0 type vxlan id 1 learning nolearning'),
    'Error: duplicate "nolearning": "learning" was given before.',
  );
  t.match(
    failure(fdbAdd, 'e6:4b:f9:ce:d7:7b e6:4b:f9:ce:d7:7c dev vx0 dst 1.2.3.4'),
    /"e6:4b:f9:ce:d7:7c" is unknown/,
  );
});

t.test('a wrong value names the word and what it expects', async (t) => {
  t.equal(
    failure(linkAdd, 'vx0 type vxlan id 16777216'),
    'Error: argument "16777216" is wrong: "id" expects a number from 0 to 16777215',
  );
  t.equal(
    failure(fdbAdd, 'zz dev vx0 dst 1.2.3.4'),
    'Error: argument "zz" is wrong: "LLADDR" expects a MAC such as 02:00:00:00:00:01',
  );
  t.match(
    failure(linkAdd, 'vx0 type vxlan id'),
    /^Error: Command line is not complete: "id" expects a number/,
  );
  t.match(failure(linkAdd, 'vx0 type vxlan id 1 srcport 5'), /is not complete: "srcport" expects/);
  t.match(failure(linkAdd, 'vx0 type bridge'), /argument "bridge" is wrong: "type" expects one of vxlan/);
});

t.test('an unknown word names what was expected', async (t) => {
  t.match(
    failure(linkAdd, 'vx0 type vxlan id 1 lerning'),
    /"lerning" is unknown .* did you mean "learning"\?$/,
  );
  t.match(
    failure(linkAdd, 'vx0 type vxlan id 1 xyz'),
    /"xyz" is unknown .* expected one of id, group, remote/,
  );
  t.equal(expectation(['fdb'], 'foo'), 'expected one of fdb', 'two of three letters are not near');
});

t.test('what is missing is named', async (t) => {
  t.match(failure(linkAdd, 'type vxlan id 1'), /^Error: Not enough information: "name" is required/);
  t.match(failure(linkAdd, 'vx0'), /"type" is required, one of vxlan$/);
  t.match(failure(linkAdd, 'vx0 type vxlan'), /"id" is required/);
  t.match(failure(fdbAdd, 'dev vx0 dst 1.2.3.4'), /"LLADDR" is required/);
});

t.test('words of others are refused by name, with who does them', async (t) => {
  for (const word of ['mcroute', 'nomcroute', 'remcsumtx', 'noremcsumrx'])
    t.match(
      failure(linkAdd, `vx0 type vxlan id 1 ${word}`),
      `Error: "${word}" is not supported: the `.slice(0, -4),
    );
  t.match(failure(formOf(linkForms, 'set'), 'vx0 master br0'), /use `ip link set vx0 master br0`$/);
  t.match(
    failure(linkAdd, 'vx0 txqueuelen 5 type vxlan id 1'),
    /use `ip link set vx0 txqueuelen …` once it is made$/,
  );
  t.match(
    failure(fdbAdd, '02:00:00:00:00:01 dev vx0 dst 1.2.3.4 master', 'fdb'),
    /use `bridge fdb add .* master`/,
  );
  t.match(
    failure(fdbAdd, '02:00:00:00:00:01 dev vx0 dst 1.2.3.4 vlan 5', 'fdb'),
    /"vlan" means nothing to the FDB/,
  );
});

t.test('words with dashes, as Go’s programs take them', async (t) => {
  const pre = formOf(flannelExtForms, 'pre');
  const expected = { vni: 5, iface: 'eth0' };
  for (const line of ['--vni 5 --iface eth0', '-vni=5 --iface=eth0', '--iface eth0 --vni=5'])
    t.same(parse(pre, line, 'flannel-ext'), expected, line);
  t.same(parse(pre, '-d --vni 5', 'flannel-ext'), { vni: 5 }, 'options of vtep itself in between');
  t.match(failure(pre, '--vni', 'flannel-ext'), /"--vni" expects a number from 1 to 16777215 \(VNI\)/);
  t.match(failure(pre, '--vni=', 'flannel-ext'), /argument "" is wrong: "--vni" expects/);
  t.match(failure(pre, '--vni 0', 'flannel-ext'), /argument "0" is wrong: "--vni" expects/);
  t.match(failure(pre, '--vni 5 --vni=6', 'flannel-ext'), /duplicate "--vni"/);
  t.match(
    failure(pre, 'vni 5', 'flannel-ext'),
    /"vni" is unknown to "vtep flannel-ext pre"; expected one of --vni, --port/,
  );
  t.match(
    failure(formOf(flannelExtForms, 'add'), '10.5.73.0/24', 'flannel-ext'),
    /"10\.5\.73\.0\/24" is unknown/,
  );
});
