import t from 'tap';
import { generalHelp, objectHelp } from '../../lib/cli/help.js';
import { GLOBAL_OPTIONS, OBJECTS } from '../../lib/cli/options.js';

t.test('the general help names every object and option and shows both walk-throughs', async (t) => {
  const text = generalHelp();
  for (const object of OBJECTS) t.match(text, `  ${object.names[0]}`);
  for (const option of GLOBAL_OPTIONS) t.ok(text.includes(option.show), option.show);
  t.match(text, 'proxy l2miss l3miss');
  t.match(text, 'ip route add 10.20.2.0/24 via 10.20.2.0 dev vtep0 onlink');
});

t.test('the help of an object names every word that is not refused', async (t) => {
  for (const object of OBJECTS) {
    const forms = await object.forms();
    const text = objectHelp(object, forms);
    for (const form of forms.filter((candidate) => candidate.refused === undefined)) {
      const verb = form.flags ? `[ ${form.verbs[0]} ] FLAGS` : form.verbs[0];
      t.ok(text.includes(`vtep ${object.names[0]} ${verb}`.trim()), `${object.names[0]} ${verb}`);
      for (const { name } of form.flags ?? []) t.ok(text.includes(`--${name}`), name);
      const offered = form.words.filter((word) => word.refused === undefined);
      for (const word of offered)
        t.ok(text.includes((word.words[0] ?? '').replace(/^no/, '')), word.words[0]);
    }
    for (const line of text.split('\n')) t.ok(line.length <= 110, line);
  }
});

t.test('pairs and alternatives are shown as such', async (t) => {
  const link = OBJECTS.find((object) => object.names[0] === 'link');
  if (link === undefined) return t.fail('no object link');
  const text = objectHelp(link, await link.forms());
  t.match(text, '[ [no]learning ]');
  t.match(text, '[ up | down ]');
  t.match(text, /type vxlan\s+id VNI/);
  t.match(text, '[ gbp-id ID ]');
  t.notMatch(text, 'remcsum');
  const set = text.slice(text.indexOf('vtep link set'), text.indexOf('vtep link delete'));
  t.match(set, 'ageing');
  t.notMatch(set, 'maxaddress', 'it cannot be changed');
});
