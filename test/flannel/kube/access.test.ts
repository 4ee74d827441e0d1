import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { kubeAccess } from '../../../lib/flannel/kube/access.js';
import { ApiError, KubeClient } from '../../../lib/flannel/kube/client.js';
import { makeAuthority, NO_OPENSSL } from '../../support/certificates.js';
import { FakeKube } from '../../support/fake-kube.js';

const directory = mkdtempSync(join(tmpdir(), 'vtep-access-'));
t.teardown(() => rmSync(directory, { recursive: true }));

const at = (name: string): string => join(directory, name);

function kubeconfig(cluster: string, user: string, context = 'current-context: home'): string {
  writeFileSync(
    at('config'),
    `apiVersion: v1
kind: Config
${context}
contexts:
- name: home
  context: { cluster: box, user: me }
clusters:
- name: box
  cluster: { ${cluster} }
users:
- name: me
  user: { ${user} }
`,
  );
  return at('config');
}

t.test('a kubeconfig file: server, CA, token, client certificate', async (t) => {
  writeFileSync(at('ca.pem'), 'the CA');
  writeFileSync(at('token'), 'first\n');
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const access = await kubeAccess({
    kubeconfig: kubeconfig(
      'server: "https://10.0.0.1:6443/k8s/c-1", certificate-authority: ca.pem, tls-server-name: kubernetes',
      `tokenFile: token, client-certificate-data: ${base64('a certificate')}, client-key-data: ${base64('a key')}`,
    ),
  });
  t.match(access, {
    ca: 'the CA',
    cert: 'a certificate',
    key: 'a key',
    insecure: false,
    serverName: 'kubernetes',
  });
  t.equal(access.url.href, 'https://10.0.0.1:6443/k8s/c-1');
  t.equal(access.token(), 'first');
  writeFileSync(at('token'), 'second\n');
  t.equal(access.token(), 'second', 'a token that was renewed');
  const config = kubeconfig('server: "https://10.0.0.1", insecure-skip-tls-verify: true', 'token: mine');
  const other = await kubeAccess({ kubeconfig: config, apiUrl: 'http://127.0.0.1:8001' });
  t.match(other, { insecure: true, cert: undefined });
  t.equal(other.url.href, 'http://127.0.0.1:8001/', '--kube-api-url takes the place of the server');
  t.equal(other.token(), 'mine');
});

t.test('a kubeconfig file that is of no use says why', async (t) => {
  const refused = async (kubeconfig: string, message: RegExp): Promise<void> =>
    void (await t.rejects(kubeAccess({ kubeconfig }), { code: 'ERR_VTEP_ARGUMENT', message }));
  await refused(at('none'), /cannot read the kubeconfig file .*none: ENOENT/);
  await refused(kubeconfig('server: "ftp://10.0.0.1"', ''), /config: server "ftp:\/\/10\.0\.0\.1" is no URL/);
  await refused(kubeconfig('', ''), /its cluster has no "server"/);
  await refused(
    kubeconfig('server: "https://x"', '', 'current-context: away'),
    /no "away" among its contexts/,
  );
  await refused(
    kubeconfig('server: "https://x"', 'exec: { command: aws }'),
    /"exec" is not supported: give a token/,
  );
  await refused(kubeconfig('server: "https://x"', 'token: 5'), /"token" is 5: expected a text/);
  writeFileSync(at('config'), 'a: [');
  await refused(at('config'), /is no YAML/);
  writeFileSync(at('config'), 'hello');
  await refused(at('config'), /is no kubeconfig file/);
  await t.rejects(kubeAccess({ apiUrl: 'kube' }), { message: /--kube-api-url "kube" is no URL/ });
});

t.test("in a pod: the service account's token and CA", async (t) => {
  mkdirSync(at('account'));
  writeFileSync(at('account/token'), 'pod token\n');
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  const options = { env, serviceAccount: at('account') };
  await t.rejects(kubeAccess(options), { message: /cannot read the cluster's CA .*ca\.crt: ENOENT/ });
  writeFileSync(at('account/ca.crt'), 'the CA');
  const access = await kubeAccess(options);
  t.match(access, { ca: 'the CA', insecure: false });
  t.equal(access.url.href, 'https://[fd00::1]/');
  t.equal(access.token(), 'pod token');
});

t.test('over TLS, with a client certificate', { skip: NO_OPENSSL }, async (t) => {
  const authority = makeAuthority(directory);
  authority.issue('client');
  const { cert, key } = authority.issue('server');
  const [certText, keyText, ca] = [cert, key, authority.ca].map((path) => readFileSync(path));
  const kube = await FakeKube.start({
    cert: certText,
    key: keyText,
    ca,
    requestCert: true,
    rejectUnauthorized: true,
  });
  t.teardown(() => kube.stop());
  kube.set('h1', {});
  const user = 'client-certificate: client.pem, client-key: client-key.pem, token: mine';
  const ask = async (cluster: string, user: string) => {
    const client = new KubeClient(await kubeAccess({ kubeconfig: kubeconfig(cluster, user) }));
    try {
      return await client.node('h1');
    } finally {
      client.close();
    }
  };
  t.match(await ask(`server: "${kube.url}", certificate-authority: ca.pem`, user), {
    metadata: { name: 'h1' },
  });
  t.equal(kube.requests[0]?.headers.authorization, 'Bearer mine');
  await t.rejects(
    ask(`server: "${kube.url}"`, user),
    { status: 0, message: /SELF_SIGNED|UNABLE_TO|unable to/i },
    'unknown CA',
  );
  await t.rejects(
    ask(`server: "${kube.url}", certificate-authority: ca.pem`, ''),
    ApiError,
    'no client certificate',
  );
  t.match(await ask(`server: "${kube.url}", insecure-skip-tls-verify: true`, user), {
    metadata: { name: 'h1' },
  });
});

t.test('what is wrong with an answer names the request', async (t) => {
  const kube = await FakeKube.start();
  t.teardown(() => kube.stop());
  const client = new KubeClient(await kubeAccess({ apiUrl: kube.url }), { timeout: 50, watchTimeout: 50 });
  t.teardown(() => client.close());
  await t.rejects(client.node('h/1'), {
    status: 404,
    message: /^GET http:\/\/127\.0\.0\.1:\d+\/api\/v1\/nodes\/h%2F1: 404 /,
  });
  kube.refuse('GET', /nodes\/h1/, 401, 'Unauthorized');
  await t.rejects(client.node('h1'), { status: 401, message: /401 Unauthorized$/ });
  await t.rejects(
    client.watch(kube.revision, () => {}),
    // One that stays silent is given up.
    { status: 0, message: /watch=true: silent for 0\.05 s/ },
  );
  kube.compact();
  await t.rejects(
    client.watch('1', () => {}),
    { status: 410, message: /too old resource version: 1/ },
  );
  await kube.stop();
  await t.rejects(client.node('h1'), { status: 0, message: /nodes\/h1: ECONNREFUSED$/ });
});
