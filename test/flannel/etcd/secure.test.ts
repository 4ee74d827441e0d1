/** etcd with users, and with certificates. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { EtcdClient } from '../../../lib/flannel/etcd/client.js';
import type { EtcdRegistryOptions } from '../../../lib/flannel/etcd/registry.js';
import { makeAuthority, NO_OPENSSL } from '../../support/certificates.js';
import { Etcd, NO_ETCD } from '../../support/etcd.js';
import { attributes, CONFIG, Host, value } from './host.js';

const SUBNETS = '/coreos.com/network/subnets/';

t.test('users and passwords', { skip: NO_ETCD }, async (t) => {
  const etcd = await Etcd.start();
  t.teardown(() => etcd.close());
  await etcd.put('/coreos.com/network/config', CONFIG);
  const logIn = async () => {
    etcd.token = '';
    etcd.token = String((await etcd.post('/v3/auth/authenticate', { name: 'root', password: 'r' })).token);
  };
  const encode = (text: string) => Buffer.from(text).toString('base64');
  for (const [name, password] of [
    ['root', 'r'],
    ['flannel', 'f'],
    ['guest', 'g'],
  ])
    await etcd.post('/v3/auth/user/add', { name, password });
  for (const name of ['root', 'flannel']) {
    await etcd.post('/v3/auth/role/add', { name });
    await etcd.post('/v3/auth/user/grant', { user: name, role: name });
  }
  const range = { key: encode('/coreos.com/network/'), range_end: encode('/coreos.com/network0') };
  await etcd.post('/v3/auth/role/grant', { name: 'flannel', perm: { permType: 'READWRITE', ...range } });
  await etcd.post('/v3/auth/enable', {});
  await logIn();

  const hosts: Host[] = [];
  t.afterEach(async () => {
    for (const host of hosts.splice(0)) await host.registry.close();
  });
  const host = (options: EtcdRegistryOptions): Host => {
    const made = new Host({ endpoints: [etcd.endpoint], ...options });
    hosts.push(made);
    return made;
  };
  const right = { username: 'flannel', password: 'f' };

  t.test('a registry with a user', async (t) => {
    const one = await host(right).watch();
    const { key } = await one.registry.acquire(attributes(1));
    t.equal((await etcd.get(SUBNETS + key))!.value, value(1));
    await etcd.put(`${SUBNETS}10.5.9.0-24`, value(9));
    await one.until(() => one.leases.has('10.5.9.0-24'));
  });

  t.test('credentials that are refused: told at once with the remedy, and not tried for ever', async (t) => {
    const cases: [EtcdRegistryOptions, string][] = [
      [
        {},
        'it asks for a user; give --etcd-username and --etcd-password (a certificate does not name the user here)',
      ],
      [
        { username: 'flannel', password: 'x' },
        'the user or the password is wrong; see --etcd-username and --etcd-password',
      ],
      [
        { username: 'nobody', password: 'x' },
        'the user or the password is wrong; see --etcd-username and --etcd-password',
      ],
      [
        { username: 'guest', password: 'g' },
        "permission denied; grant the user's role read and write on the prefix",
      ],
    ];
    for (const [options, reason] of cases) {
      const one = host(options);
      const error = { code: 'ERR_VTEP_PERMISSION', message: `etcd ${etcd.endpoint}: ${reason}` };
      await t.rejects(one.registry.config(), error);
      await t.rejects(one.registry.acquire(attributes(1)), error);
      one.registry.watch(one);
      await one.until(() => one.problems.length > 0);
      await new Promise((resolve) => setTimeout(resolve, 300));
      t.same(one.problems, [`${SUBNETS}: ${error.message}`], 'once, though it is tried again');
    }
  });

  t.test('a token that etcd forgot is fetched anew', async (t) => {
    const client = new EtcdClient({ endpoints: [etcd.endpoint], ...right });
    const one = await host(right).watch();
    await one.registry.acquire(attributes(2));
    await client.get(`${SUBNETS}x`);
    await etcd.kill();
    await etcd.restart();
    await logIn();
    const both = await Promise.all([client.get('/coreos.com/network/config'), client.list(SUBNETS)]);
    t.equal(both[0]?.value, CONFIG);
    client.close();
    await one.until(() => one.snapshots.length > 1);
    await etcd.put(`${SUBNETS}10.5.8.0-24`, value(8));
    await one.until(() => one.leases.has('10.5.8.0-24'));
    await one.registry.publish(attributes(3));
    t.same(one.problems, []);
  });
});

t.test('TLS with client certificates', { skip: NO_ETCD || NO_OPENSSL }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vtep-tls-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const authority = makeAuthority(directory);
  const other = makeAuthority(directory, 'other');
  const { ca } = authority;
  const etcd = await Etcd.start({ ca, ...authority.issue('server') });
  t.teardown(() => etcd.close());
  const client = authority.issue('client');
  const endpoints = [etcd.endpoint];

  t.test('reads, writes and watches', async (t) => {
    const one = new EtcdClient({ endpoints, tls: { ca, ...client } });
    const ending = new AbortController();
    const heard = new Promise<string | undefined>((resolve) => {
      one
        .watch(SUBNETS, 1, ({ events }) => events[0] && resolve(events[0].entry?.value), ending.signal)
        .catch(() => {});
    });
    const { lease } = await one.grant(100);
    t.ok((await one.create(`${SUBNETS}10.5.1.0-24`, value(1), lease)).succeeded);
    t.equal((await one.get(`${SUBNETS}10.5.1.0-24`))!.value, value(1));
    t.equal(await heard, value(1));
    t.equal(await one.keepAlive(lease), 100);
    ending.abort();
    one.close();
  });

  t.test('what is wrong with the certificates is told, with the remedy', async (t) => {
    const stranger = other.issue('stranger');
    const cases: [object, RegExp][] = [
      [client, /its certificate is not trusted: .*; give its CA with --etcd-cafile$/],
      [{ ca: other.ca, ...client }, /its certificate is not trusted: /],
      [
        { ca },
        /it refuses our client certificate \(.*\); give one that its CA signed with --etcd-certfile and --etcd-keyfile$/,
      ],
      [{ ca, ...stranger }, /it refuses our client certificate/],
    ];
    for (const [tls, message] of cases) {
      const one = new Host({ endpoints, tls });
      await t.rejects(one.registry.config(), { message, isFinal: true });
      await one.registry.close();
    }
    const plain = new EtcdClient({ endpoints: [etcd.endpoint.replace('https', 'http')] });
    await t.rejects(plain.get('x'), {
      message: /: it hangs up \(ECONNRESET\); if it goes on: is it https:\/\/\?$/,
      isFinal: false,
    });
    plain.close();
  });

  t.test('https:// to an etcd without TLS', async (t) => {
    const open = await Etcd.start();
    t.teardown(() => open.close());
    const one = new EtcdClient({ endpoints: [open.endpoint.replace('http', 'https')] });
    await t.rejects(one.get('x'), {
      message: /: it hangs up \(ECONNRESET\); if it goes on: is it http:\/\/\?$/,
      isFinal: false,
    });
    one.close();
  });
});
