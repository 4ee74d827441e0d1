import t from 'tap';
import { addressesOf, systemLookup } from '../../../lib/control/names/resolver.js';

const answers = (...found: string[]) => addressesOf(async () => found, 'vtep2.example.org', 0);

t.test('addresses are canonical, each once, in the order of the answer', async (t) => {
  t.same(await answers('192.0.2.3', '2001:DB8:0::1', '192.0.2.3', '192.0.2.2'), [
    '192.0.2.3',
    '2001:db8::1',
    '192.0.2.2',
  ]);
});

t.test('of the family that was asked for, whatever else the resolver says', async (t) => {
  const find = async () => ['::ffff:192.0.2.1', '2001:db8::1'];
  t.same(await addressesOf(find, 'a', 6), ['2001:db8::1']);
  t.same(await addressesOf(find, 'a', 4), ['192.0.2.1']);
});

t.test('what is no destination does not count', async (t) => {
  t.same(await answers('0.0.0.0', '::', '239.1.1.1', 'fe80::1%eth0', '', '192.0.2.2'), ['192.0.2.2']);
  await t.rejects(answers('0.0.0.0'), {
    code: 'ERR_VTEP_NAME',
    word: 'vtep2.example.org',
    message: '"vtep2.example.org" cannot be resolved to an address: it is 0.0.0.0',
  });
  await t.rejects(answers(), { code: 'ERR_VTEP_NAME', message: /there is no such name/ });
});

t.test('failures say why', async (t) => {
  const failing = (code: string, family: 4 | 6) =>
    addressesOf(() => Promise.reject(Object.assign(new Error('getaddrinfo'), { code })), 'a.b', family);
  await t.rejects(failing('ENOTFOUND', 4), {
    message: '"a.b" cannot be resolved to an IPv4 address: there is no such name, or it has no such address',
  });
  await t.rejects(failing('EAI_AGAIN', 6), {
    message: '"a.b" cannot be resolved to an IPv6 address: no name server answers',
  });
  await t.rejects(failing('EAI_FAIL', 6), { message: /: getaddrinfo$/ });
});

t.test('the host’s own resolver', async (t) => {
  t.ok((await systemLookup('localhost', 4)).includes('127.0.0.1'));
  await t.rejects(systemLookup(`${'a'.repeat(64)}.invalid`, 4));
});
