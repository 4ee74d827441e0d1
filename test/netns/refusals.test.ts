/** What the system refuses has a code, a sentence and a remedy, and changes nothing. */
import t from 'tap';
import type { VtepErrorCode } from '../../lib/errors.js';
import type { Host } from '../support/lab/host.js';
import { speak } from '../support/lab/dialect.js';
import { onEach } from '../support/lab/on-pairs.js';
import type { Witness } from '../support/lab/scenario/witness.js';
import { soon } from '../support/soon.js';
import { tool } from '../support/lab/tools.js';

interface Refusal {
  words: string;
  code: VtepErrorCode;
  says: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  { words: 'link add eth0 type vxlan id 9 dstport 4789', code: 'ERR_VTEP_NAME_IN_USE', says: /eth0/ },
  { words: 'link add vtep1 type vxlan id 1 dstport 4789', code: 'ERR_VTEP_VNI_IN_USE', says: /vtep0/ },
  {
    words: 'link add vtep1 type vxlan id 16777216 dstport 4789',
    code: 'ERR_VTEP_ARGUMENT',
    says: /16777216/,
  },
  {
    words: 'fdb add 02:00:00:00:00:01 dst 192.168.100.3 dev nosuch',
    code: 'ERR_VTEP_NO_DEVICE',
    says: /nosuch/,
  },
];

async function names(host: Host): Promise<string> {
  return (await host.namespace.ipJson<{ ifname: string }[]>('link show'))
    .map((link) => link.ifname)
    .join(' ');
}

async function refused(host: Host, witness: Witness, { words, says }: Refusal): Promise<void> {
  const before = await names(host);
  const { code, stderr } = await host.vtep(words, { allowFailure: true });
  const lines = stderr.trim().split('\n');
  witness.check(code !== 0 && says.test(stderr), `refused: ${words}`, { code, stderr });
  witness.check(lines.length <= 2, 'in a line or two', lines);
  witness.check((await names(host)) === before, 'and nothing changed');
}

/** The daemon's own answer to a link request, as its code. */
async function codeOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'no error';
  } catch (error) {
    return String((error as { code?: string }).code);
  }
}

/** As another user, and where /dev/net is empty (a mount namespace, in which the daemon it starts lives too). */
async function withoutRights(host: Host, witness: Witness): Promise<void> {
  const words = 'link add vtep2 type vxlan id 2 dstport 4790'.split(' ');
  const { argv } = speak('uvtep', host.namespace.name, words);
  for (const pid of host.namespace.pids()) process.kill(pid, 'SIGTERM');
  await soon(async () => host.namespace.pids().length === 0);
  const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', ...argv];
  const denied = await host.namespace.command(nobody, { allowFailure: true, quiet: true });
  const says = /permi|EPERM|EACCES|root/i.test(denied.stderr);
  witness.check(denied.code !== 0 && says, 'without root it says so', denied);
  const hidden = ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /dev/net && exec "$@"', 'sh', ...argv];
  const noTun = await host.namespace.command(hidden, { allowFailure: true, quiet: true });
  witness.check(
    noTun.code !== 0 && noTun.stderr.includes('/dev/net/tun'),
    'without /dev/net/tun it says so',
    noTun,
  );
}

await onEach(
  t,
  'refusals',
  async (lab, witness) => {
    const [a, b] = lab.hosts as [Host, Host];
    await a.vtep('link add vtep0 type vxlan id 1 dstport 4789 dev eth0');
    await a.namespace.ip('link set vtep0 up');
    for (const refusal of REFUSALS) await refused(a, witness, refusal);
    const client = a.daemon();
    const taken = await codeOf(client.addLink({ name: 'eth0', id: 9, dstport: 4789 }));
    witness.check(taken === 'ERR_VTEP_NAME_IN_USE', 'name in use has its code', taken);
    const vni = await codeOf(client.addLink({ name: 'vtep1', id: 1, dstport: 4789 }));
    witness.check(vni === 'ERR_VTEP_VNI_IN_USE', 'VNI in use has its code', vni);

    const owner = b.namespace.start([tool('datagrams'), 'sink', '-p', '4789']);
    await owner.line(/ready/);
    const add = await b.vtep('link add vtep0 type vxlan id 1 dstport 4789 dev eth0', { allowFailure: true });
    const up = await b.vtep('link set vtep0 up', { allowFailure: true });
    const said = add.stderr + up.stderr;
    witness.check(/4789/.test(said), 'port in use is refused', said);
    witness.check(
      said.includes(String(owner.pid)) && said.includes('vtep-datagrams'),
      'and its owner named',
      said,
    );
    await owner.close();

    await withoutRights(b, witness);
  },
  [['uvtep', 'uvtep']],
);
