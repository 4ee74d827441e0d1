import t from 'tap';
import { run } from '../../../lib/cli/run.js';

async function typed(line: string): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const code = await run(line.split(' '), {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
  });
  return { code, ...said };
}

t.test('wrong flags are told in one line', async (t) => {
  t.match(await typed('flannel --mode=fast'), {
    code: 1,
    err: 'Error: --mode "fast"; expected static, neigh-miss, miss\n',
  });
  t.match(await typed('flannel run --nonsense'), { code: 1, err: /^Error: Unknown option '--nonsense'/ });
  t.match(await typed('flannel --ip-masq'), { code: 2, err: /^Error: --ip-masq is not done here/ });
});

t.test('help shows flags with what they are when nothing is said', async (t) => {
  const { code, out } = await typed('flannel help');
  t.equal(code, 0);
  t.match(out, '--etcd-prefix KEY');
  t.match(out, 'default /coreos.com/network');
  t.match(out, 'vtep flannel status');
});

t.test('the state of a daemon that does not run', async (t) => {
  process.env['VTEP_RUN_DIR'] = '/nonexistent';
  t.match(await typed('flannel status'), { code: 1, err: /^Error: no vtep flannel runs in this network/ });
  t.match(await typed('flannel status eth0'), { code: 1 });
});
