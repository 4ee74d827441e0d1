/** DNS names as remotes, from the host's resolver to traffic: of a daemon that was started inside, and of `vtep -n`. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { netnsInode } from '../../lib/control/socket-path.js';
import type { Background } from '../support/lab/background.js';
import { VTEP_MAIN } from '../support/lab/dialect.js';
import { Guest } from '../support/lab/guest.js';
import type { Host } from '../support/lab/host.js';
import type { Lab } from '../support/lab/lab.js';
import { onEach } from '../support/lab/on-pairs.js';
import { PORT, VNI } from '../support/lab/scenario/learning-switch.js';
import type { Witness } from '../support/lab/scenario/witness.js';
import { soon } from '../support/soon.js';

const NAME = 'far.example';
/** Of nobody. */
const WRONG = '192.168.100.99';
const LINK = `type vxlan dstport ${PORT}`;

interface Shown {
  linkinfo: { info_data: { remote?: string } };
  vtep: { remote_name?: string; resolve_interval?: number };
}

/** A daemon of the host, and what gives NAME an address, or takes it away. */
interface Resolved {
  daemon: Background;
  is(address: string | undefined): void;
}

/** Moves a name from nobody's address to that of `b`, and takes it away. */
async function follow(lab: Lab, witness: Witness, start: (host: Host) => Resolved): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  const { daemon, is } = start(a);
  is(WRONG);
  const answers = () =>
    a
      .daemon()
      .daemon()
      .then(Boolean, () => false);
  witness.check(await soon(answers), 'the daemon answers', daemon.stderr);
  await a.vtep(`link add vtep0 ${LINK} id ${VNI} local ${a.address} remote ${NAME} resolve-interval 1`);
  await b.vtep(`link add vtep0 ${LINK} id ${VNI} local ${b.address} remote ${a.address}`);
  for (const [host, inner] of [
    [a, '10.30.0.2'],
    [b, '10.30.0.3'],
  ] as const) {
    await host.namespace.ip(`addr add ${inner}/24 dev vtep0`);
    await host.namespace.ip('link set vtep0 up');
  }
  const near = new Guest(a.namespace, '10.30.0.2', '');
  const ping = async (): Promise<boolean> =>
    (await near.ping('10.30.0.3', { count: 1, timeout: 300 })).received === 1;
  const [shown] = await a.vtepJson<Shown[]>('link show vtep0', '-d');
  witness.check(shown?.linkinfo.info_data.remote === WRONG, 'the name has an address', shown);
  witness.check(shown?.vtep.remote_name === NAME, 'and is shown', shown);
  witness.check(!(await ping()), 'where nobody is');

  is(b.address);
  witness.check(await soon(ping), 'traffic follows the name', await a.fdb());
  const entries = (await a.fdb()).filter(({ mac }) => mac === '00:00:00:00:00:00');
  witness.check(entries.length === 1 && entries[0]?.dst === b.address, 'the old address is gone', entries);

  is(undefined);
  const events = async () => (await a.daemon().statistics('vtep0')).events;
  const failed = async (): Promise<boolean> => ((await events())['nameFailed'] ?? 0) > 0;
  witness.check(await soon(failed), 'a name that is no more is counted', await events());
  witness.check((await events())['nameMoved'] === 1, 'it has moved once', await events());
  witness.check(await ping(), 'its address stays');

  const unknown = await a.vtep(`link add vtep1 ${LINK} id 7 remote nowhere.example`, { allowFailure: true });
  witness.check(
    unknown.code === 1 && /^Error: "nowhere.example" cannot be resolved to an address: /.test(unknown.stderr),
    'an unknown name is a wrong word',
    unknown,
  );
  witness.check((await a.daemon().links()).length === 1, 'and nothing is made');
}

/** Inside the namespace from the start, with an /etc/hosts of its own: Node's resolver. */
async function inside(lab: Lab, witness: Witness): Promise<void> {
  const hosts = join(lab.runDirectory, 'hosts');
  await follow(lab, witness, (host) => {
    const is = (address: string | undefined): void =>
      writeFileSync(hosts, `127.0.0.1 localhost\n${address === undefined ? '' : `${address} ${NAME}\n`}`);
    is(undefined);
    // Without name servers the resolver asks its own host, which refuses at once.
    const files = `mount --bind ${hosts} /etc/hosts && mount --bind /dev/null /etc/resolv.conf`;
    const run = `${files} && exec ${process.execPath} ${VTEP_MAIN} daemon`;
    return { daemon: host.namespace.start(['unshare', '--mount', 'sh', '-c', run]), is };
  });
}

/** It moves into the namespace by itself, and Node's resolver stays behind: getent(1), which must be inside. */
async function movedIn(lab: Lab, witness: Witness): Promise<void> {
  const [answers, getent] = [join(lab.runDirectory, 'answers'), join(lab.runDirectory, 'getent')];
  await follow(lab, witness, (host) => {
    const own = `net:[${netnsInode(host.namespace.name)}]`;
    const isInside = `[ "$1" = ahosts ] && [ "$(readlink /proc/self/ns/net)" = "${own}" ]`;
    writeFileSync(getent, `#!/bin/sh\n${isInside} || exit 1\ngrep " $2$" ${answers} || exit 2\n`);
    chmodSync(getent, 0o755);
    const is = (address: string | undefined): void =>
      writeFileSync(
        answers,
        address === undefined ? '' : `${address} STREAM ${NAME}\n${address} DGRAM ${NAME}\n`,
      );
    const env = { PATH: `${lab.runDirectory}:${process.env['PATH']}` };
    const argv = [process.execPath, VTEP_MAIN, '-n', host.namespace.name, 'daemon'];
    return { daemon: host.namespace.startCommand(argv, { env }), is };
  });
}

await onEach(t, 'DNS names, daemon inside', inside, [['uvtep', 'kernel']]);
await onEach(t, 'DNS names, vtep -n', movedIn, [['uvtep', 'kernel']]);
